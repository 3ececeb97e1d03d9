import { writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { linkAddon } from "./engine/link-addon.mjs";
import { importFromFolder } from "./import-from-folder.mjs";
import { failedRow, reportRow } from "./report-row.mjs";
import { summarizeSamples } from "./summarize-samples.mjs";

/** @typedef {import("./report-row.mjs").Row} Row */

const MODEL_MILLISECONDS = 300_000;

const program = fileURLToPath(new URL("./engine/run-model.mjs", import.meta.url));

/** Model of random weights, made in a few seconds, for runs without a real model. */
const SYNTHETIC_SHAPE = {
  embeddingLength: 576,
  layerCount: 12,
  headCount: 9,
  kvHeadCount: 3,
  feedForwardLength: 1536,
  vocabularySize: 4096,
  contextTokens: 8192,
  weightType: "q8_0",
};

/**
 * Measures the costs of the engine's own process: memory, restarts, and the transport of events.
 *
 * @param {import("./workbench.mjs").Workbench} workbench
 * @param {string} folder with the packages installed
 * @param {number} runs
 * @param {(what: string) => void} progress
 * @returns {Promise<Row[]>}
 */
export async function measureModel(workbench, folder, runs, progress) {
  const subject = "nanoagent with a local model";
  try {
    await linkAddon(folder);
    const modelPath = process.env.NANOAGENT_TEST_MODEL ?? (await makeModel(workbench, folder));
    const hosted = [];
    for (let count = 0; count < runs; count++) {
      progress(`model: run ${count + 1} of ${runs}`);
      const options = { cwd: folder, timeLimitMilliseconds: MODEL_MILLISECONDS };
      const args = [program, count === 0 ? "hosted-all" : "hosted", folder, modelPath];
      hosted.push(JSON.parse((await workbench.run(process.execPath, args, options)).stdout));
    }
    return toRows(hosted);
  } catch (error) {
    return [failedRow(["model", "nanoagent"], subject, error)];
  }
}

/** @param {Record<string, number>[]} hosted @returns {Row[]} */
function toRows(hosted) {
  const least = (/** @type {string} */ name) =>
    Math.min(...hosted.map((figures) => figures[name] ?? Number.POSITIVE_INFINITY));
  const [all = {}] = hosted;
  /** @type {[name: string, measure: string, unit: import("./report-row.mjs").Unit, value: number][]} */
  const figures = [
    [
      "memory",
      "private memory of the host, without allocated KV cache and compute buffers",
      "MB",
      least("own_bytes") / 2 ** 20,
    ],
    [
      "memory-untouched",
      "private memory of the host, without the used part of these buffers",
      "MB",
      least("own_bytes_beside_touched") / 2 ** 20,
    ],
    [
      "grammar-memory",
      "the same after a reply that was held to a schema",
      "MB",
      least("own_bytes_with_grammar") / 2 ** 20,
    ],
    ["growth", "growth of the host over 200 turns", "MB", (all.growth_bytes ?? Number.NaN) / 2 ** 20],
    ["respawn", "from a kill to the next answer", "ms", all.respawn_ms ?? Number.NaN],
    [
      "restart",
      "first token after a restart with saved state, ÷ without",
      "×",
      (all.restored_ms ?? Number.NaN) / (all.cold_ms ?? Number.NaN),
    ],
    ["ipc", "transport of an event from the host", "µs", least("event_us")],
  ];
  return figures.map(([name, measure, unit, value]) =>
    reportRow(["model", "nanoagent", name], { subject: "nanoagent", measure, unit }, summarizeSamples([value])),
  );
}

/** @param {import("./workbench.mjs").Workbench} workbench @param {string} folder */
async function makeModel(workbench, folder) {
  const { buildTinyGguf } = await (await importFromFolder(folder))("@nanoagent/optimizer/testing");
  const modelPath = path.join(workbench.folder, "synthetic.gguf");
  writeFileSync(modelPath, buildTinyGguf(SYNTHETIC_SHAPE));
  return modelPath;
}
