import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadAddon } from "../engine/load-addon.mjs";
import { importOwn } from "./own-packages.mjs";

// Child process: `node engine-figures.mjs NAME` compares the ledger's figures for KV cache, recurrent state and compute
// buffer with those of llama.cpp. The weights are a hole in a sparse file of full length. Prints rows as JSON.

/** [context, batch, type of the KV cache] */
const SETTINGS = /** @type {const} */ ([
  [512, 16, "f16"],
  [2048, 64, "f16"],
  [4096, 64, "q8_0"],
  [2048, 512, "f16"],
  [8192, 128, "f16"],
  [8192, 512, "q8_0"],
]);
/** ggml's numbers for these types. */
const KV_TYPES = { f16: 1, q8_0: 8 };
/** Ledger lines whose sum is compared with the engine's figure. */
const ENGINE_LINES = new Set(["kv-cache", "kv-cache-of-windows", "recurrent-state", "compute-buffer"]);

/** Large models are written with few bits per weight: the engine reads the whole file, and weights do not matter. */
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
    if (!(await context.init())) throw new Error(`llama.cpp cannot create a context of ${contextTokens} tokens`);
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
