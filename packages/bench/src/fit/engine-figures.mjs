import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadAddon } from "../engine/load-addon.mjs";
import { importOwn } from "./own-packages.mjs";

// What the ledger says that KV cache, recurrent state and compute buffer of a model reserve, and what llama.cpp itself
// says: `node engine-figures.mjs NAME`. The weights are a hole in a file of full length. Rows as JSON on stdout.

/** [context, batch, type of the KV cache] */
const SETTINGS = /** @type {const} */ ([
  [512, 16, "f16"],
  [2048, 64, "f16"],
  [4096, 64, "q8_0"],
  [2048, 512, "f16"],
  [8192, 128, "f16"],
  [8192, 512, "q8_0"],
]);
/** ggml's numbers of these types. */
const KV_TYPES = { f16: 1, q8_0: 8 };
/** Lines that the engine's own figure is the sum of. */
const ENGINE_LINES = new Set(["kv-cache", "kv-cache-of-windows", "recurrent-state", "compute-buffer"]);

/** The engine reads a file ahead as a whole; large ones are written in few bits, which are of no account here. */
const TYPES = new Map([
  ["Phi-3.5-mini", "iq1_s"],
  ["Phi-4-mini", "iq1_s"],
  ["OLMoE-1B-7B", "iq1_s"],
  ["Qwen3-30B-A3B", "iq1_s"],
  ["DeepSeek-V2-Lite", "q4_0"],
]);

const [name = ""] = process.argv.slice(2);
const { addonPackage } = await importOwn("@nanoagent/runtime/engines/llama");
const { memoryLedger, readGguf } = await importOwn("@nanoagent/optimizer");
const { writeKnownModel } = await importOwn("@nanoagent/optimizer/testing");

const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-figures-"));
try {
  const file = path.join(folder, "model.gguf");
  await writeKnownModel(file, name, TYPES.get(name));
  const header = await readGguf(file);
  // Its entry is dist/index.js.
  const entry = createRequire(import.meta.url).resolve(addonPackage());
  const addon = await loadAddon(path.resolve(path.dirname(entry), ".."));
  const model = new addon.AddonModel(file, {
    addonExports: addon,
    gpuLayers: 0,
    useMmap: true,
    useMlock: false,
    checkTensors: false,
    vocabOnly: false,
    hasLoadAbortSignal: false,
  });
  if (!(await model.init())) throw new Error(`llama.cpp cannot load ${name}`);
  const rows = [];
  for (const [contextTokens, batchTokens, kvType] of SETTINGS) {
    const context = new addon.AddonContext(model, {
      contextSize: contextTokens,
      batchSize: batchTokens,
      sequences: 1,
      flashAttention: true,
      threads: 1,
      embeddings: false,
      ranking: false,
      performanceTracking: false,
      swaFullCache: false,
      kvCacheKeyType: KV_TYPES[kvType],
      kvCacheValueType: KV_TYPES[kvType],
    });
    if (!(await context.init())) throw new Error(`llama.cpp cannot make a context of ${contextTokens} tokens`);
    const engine_bytes = context.getMemoryBreakdown().cpuRam;
    await context.dispose();
    const { lines } = memoryLedger({
      header,
      contextTokens,
      batchTokens,
      kvType,
      mapsFile: true,
      cpuFeatures: ["avx2"],
    });
    const ledger_bytes = lines
      .filter((/** @type {{ name: string }} */ line) => ENGINE_LINES.has(line.name))
      .reduce(
        (/** @type {number} */ sum, /** @type {{ reserved_bytes: number }} */ line) => sum + line.reserved_bytes,
        0,
      );
    rows.push({
      model: name,
      architecture: header.architecture,
      context_tokens: contextTokens,
      batch_tokens: batchTokens,
      kv_type: kvType,
      engine_bytes,
      ledger_bytes,
    });
  }
  process.stdout.write(`${JSON.stringify(rows)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
