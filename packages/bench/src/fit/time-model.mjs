import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { importOwn } from "./own-packages.mjs";

// Child process: `node time-model.mjs NAME TYPE LIKE` times a model through the engine. With LIKE, a plain transformer
// of that model's size, all in TYPE, as `nanoagent optimize --calibrate` makes it. Prints rows as JSON.

/** With one thread, other processes can have the other cores without affecting it. */
const THREADS = [1];
const CONTEXT_TOKENS = [16, 512];

const [name = "", type = "", like] = process.argv.slice(2);
const { measureLlamaSpeed } = await importOwn("@nanoagent/runtime/engines/llama");
const { modelWork, planHeader, readGguf, writeCalibrationModel } = await importOwn("@nanoagent/optimizer");
const { writeKnownModel } = await importOwn("@nanoagent/optimizer/testing");
const { LocalMachine, readCpuFeatures } = await importOwn("@nanoagent/profiler");

const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-time-"));
try {
  const file = path.join(folder, "model.gguf");
  if (like === undefined) {
    await writeKnownModel(file, name, type);
  } else {
    const original = path.join(folder, "like.gguf");
    await writeKnownModel(original, like);
    await writeCalibrationModel(file, await readGguf(original), type);
  }
  const header = await readGguf(file);
  const plan = planHeader(header, {
    device: { device_id: "here", platform: "linux-x86_64", memory_mb: 1, cpu_cores: 2, has_gpu: false },
    budget_bytes: Number.POSITIVE_INFINITY,
    context_tokens: 1024,
    cpu_features: await readCpuFeatures(new LocalMachine()),
  });
  const speeds = await measureLlamaSpeed({
    modelPath: file,
    threads: THREADS,
    contextTokens: CONTEXT_TOKENS,
    batchTokens: plan.batch_tokens,
    mapsFile: plan.maps_file,
  });
  const work = modelWork(header);
  const rows = speeds.map((/** @type {object} */ speed) => ({
    model: name,
    type,
    file_bytes: header.file_bytes,
    parameters: header.tensors.reduce(
      (/** @type {number} */ sum, /** @type {{ weights: number }} */ { weights }) => sum + weights,
      0,
    ),
    work,
    ...speed,
  }));
  process.stdout.write(`${JSON.stringify(rows)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
