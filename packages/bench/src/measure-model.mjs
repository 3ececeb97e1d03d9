import { existsSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { importFromFolder } from "./import-from-folder.mjs";
import { failedRow, reportRow } from "./report-row.mjs";
import { summarizeSamples } from "./summarize-samples.mjs";

/** @typedef {import("./report-row.mjs").Row} Row */

const MODEL_MILLISECONDS = 300_000;

const program = fileURLToPath(new URL("./engine/run-model.mjs", import.meta.url));

/** Where no real model is named: one of random weights, small enough to be made in a few seconds. */
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
 * nanoagent's engine in its host beside llama.cpp driven directly, each in its own process, in turn; the best of each.
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
    const addonPackage = await linkAddon(folder);
    const modelPath = process.env.NANOAGENT_TEST_MODEL ?? (await makeModel(workbench, folder));
    const run = async (/** @type {string} */ contender) => {
      progress(`model: ${contender}`);
      const options = { cwd: folder, timeLimitMilliseconds: MODEL_MILLISECONDS };
      const args = [program, contender, folder, addonPackage, modelPath];
      return JSON.parse((await workbench.run(process.execPath, args, options)).stdout);
    };
    const bare = [];
    const hosted = [];
    for (let count = 0; count < runs; count++) {
      bare.push(await run("bare"));
      hosted.push(await run(count === 0 ? "hosted-all" : "hosted"));
    }
    return toRows(bare, hosted);
  } catch (error) {
    return [failedRow(["model", "nanoagent"], subject, error)];
  }
}

/**
 * Ratios are those of the best run of each side: what another program took of the machine is no part of either.
 *
 * @param {Record<string, number>[]} bare
 * @param {Record<string, number>[]} hosted
 * @returns {Row[]}
 */
function toRows(bare, hosted) {
  const best = (/** @type {Record<string, number>[]} */ runs, /** @type {string} */ name) =>
    Math.max(...runs.map((figures) => figures[name] ?? 0));
  const least = (/** @type {Record<string, number>[]} */ runs, /** @type {string} */ name) =>
    Math.min(...runs.map((figures) => figures[name] ?? Number.POSITIVE_INFINITY));
  const [all = {}] = hosted;
  /** @type {[name: string, measure: string, unit: import("./report-row.mjs").Unit, value: number][]} */
  const figures = [
    ["decode", "time of a token, of that when llama.cpp is driven directly", "×", slowness("decode_tokens_per_second")],
    [
      "prefill",
      "time of reading, in slices that an abort can end, of that",
      "×",
      slowness("prefill_tokens_per_second"),
    ],
    [
      "first-token",
      "from start to first token, over that",
      "ms",
      least(hosted, "first_token_ms") - least(bare, "first_token_ms"),
    ],
    [
      "memory",
      "private memory of the host beside what is allocated for KV cache and compute buffers",
      "MB",
      least(hosted, "own_bytes") / 2 ** 20,
    ],
    [
      "memory-untouched",
      "the same, where only what is touched of them is taken off",
      "MB",
      least(hosted, "own_bytes_beside_touched") / 2 ** 20,
    ],
    [
      "grammar-memory",
      "the same once a reply was held to a schema",
      "MB",
      least(hosted, "own_bytes_with_grammar") / 2 ** 20,
    ],
    ["growth", "growth of the host over 200 turns", "MB", (all.growth_bytes ?? Number.NaN) / 2 ** 20],
    ["respawn", "from a kill to an engine that answers", "ms", all.respawn_ms ?? Number.NaN],
    [
      "restart",
      "first token after a restart with saved state, of that without",
      "×",
      (all.restored_ms ?? Number.NaN) / (all.cold_ms ?? Number.NaN),
    ],
    ["ipc", "for an event to come from the host", "µs", least(hosted, "event_us")],
  ];
  function slowness(/** @type {string} */ rate) {
    return best(bare, rate) / best(hosted, rate);
  }
  return figures.map(([name, measure, unit, value]) =>
    reportRow(["model", "nanoagent", name], { subject: "nanoagent", measure, unit }, summarizeSamples([value])),
  );
}

/** llama.cpp as the workspace has it: the folder's packages find it there. @param {string} folder */
async function linkAddon(folder) {
  const { addonPackage } = await (await importFromFolder(folder))("@nanoagent/runtime/engines/llama");
  const name = addonPackage();
  // Its entry is dist/index.js; the scope's folder is three steps up.
  const scope = path.resolve(createRequire(import.meta.url).resolve(name), "../../..");
  const link = path.join(folder, "node_modules", path.dirname(name));
  if (!existsSync(link)) symlinkSync(scope, link);
  return path.join(link, path.basename(name));
}

/** @param {import("./workbench.mjs").Workbench} workbench @param {string} folder */
async function makeModel(workbench, folder) {
  const { buildTinyGguf } = await (await importFromFolder(folder))("@nanoagent/optimizer/testing");
  const modelPath = path.join(workbench.folder, "synthetic.gguf");
  writeFileSync(modelPath, buildTinyGguf(SYNTHETIC_SHAPE));
  return modelPath;
}
