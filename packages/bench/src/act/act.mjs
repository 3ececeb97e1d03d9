import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { importOwn } from "../fit/own-packages.mjs";
import { machineFacts } from "../machine-facts.mjs";
import { actHelp, parseActOptions, SAMPLE_SHARE } from "./act-options.mjs";
import { evaluateServer } from "./evaluate-server.mjs";
import { startLlamaServer } from "./llama-server.mjs";
import { renderActs } from "./render-acts.mjs";

/** @typedef {import("./act-options.mjs").ActOptions} ActOptions */

const MEGABYTE = 2 ** 20;
const MAX_REPLY_TOKENS = 96;
const builtIn = fileURLToPath(new URL("../../../cli/src/eval/suite/", import.meta.url));

process.exitCode = await main();

async function main() {
  /** @type {ActOptions} */
  let options;
  try {
    options = parseActOptions(process.argv.slice(2), process.env);
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : error}\n\n${actHelp}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(actHelp);
    return 0;
  }
  const evaluation = await importOwn("@nanoagent/runtime/eval");
  const files = await readFiles(evaluation, options);
  const words = evaluation.summarizeEval(evaluation.wordsOverlapBaseline(files).results);
  const rows = [];
  for (const model of options.models) {
    const own = await orFailure(() => evaluateOwn(evaluation, model, files));
    const server = await orFailure(() => evaluateLlamaServer(evaluation, options.serverProgram, model, files));
    rows.push({ model: path.basename(model, ".gguf"), own, server, words });
  }
  const machine = machineFacts();
  const { node, platform, cpu_cores, cpu_model, memory_mb, commit, date } = machine;
  const facts = `Node ${node} on ${platform}, ${cpu_cores} × ${cpu_model}, ${memory_mb} MB, commit ${commit ?? "unknown"}, ${date}`;
  const report = options.json
    ? JSON.stringify({ format: 1, machine, part: options.part ?? "all", rows }, null, 2)
    : `${facts}\n\n${renderActs(rows)}`;
  process.stdout.write(`${report}\n`);
  return rows.some(({ own }) => typeof own === "string") ? 1 : 0;
}

/** @param {any} evaluation @param {ActOptions} options */
async function readFiles(evaluation, { scenarios = builtIn, part, sample }) {
  const isFolder = statSync(scenarios).isDirectory();
  const names = isFolder ? readdirSync(scenarios).filter((name) => /\.ya?ml$/.test(name)) : [""];
  const files = [];
  for (const name of names.sort()) files.push(await evaluation.readScenarios(path.join(scenarios, name)));
  const all = evaluation.selectScenarios(files, { part });
  const count = all.reduce((/** @type {number} */ sum, /** @type {any} */ file) => sum + file.scenarios.length, 0);
  return sample ? evaluation.selectScenarios(all, { limit: Math.ceil(count / SAMPLE_SHARE) }) : all;
}

/** @param {any} evaluation @param {string} model @param {readonly any[]} files */
async function evaluateOwn(evaluation, model, files) {
  const { DeviceProfiler, DeviceMemoryProbe } = await importOwn("@nanoagent/profiler");
  const device = await new DeviceProfiler().profile();
  const { available_bytes } = await new DeviceMemoryProbe().read();
  const config = {
    spec: {
      name: "act",
      max_memory_mb: Math.min(device.memory_mb, Math.floor(available_bytes / MEGABYTE)),
      max_model_size_mb: Math.ceil(statSync(model).size / MEGABYTE),
    },
    device,
    model_path: path.resolve(model),
    // Only acts count, not the wording of replies.
    sampling: { temperature: 0, max_tokens: MAX_REPLY_TOKENS },
  };
  const onProgress = (/** @type {any} */ { done, total }) =>
    progress(`nanoagent, ${path.basename(model)}`, done, total);
  const { results, failure } = await evaluation.runEval({ config, scenarios: files, onProgress });
  if (failure !== null) throw new Error(failure);
  return evaluation.summarizeEval(results);
}

/** @param {any} evaluation @param {string | undefined} program @param {string} model @param {readonly any[]} files */
async function evaluateLlamaServer(evaluation, program, model, files) {
  if (program === undefined) throw new Error("LLAMA_SERVER is not set. Set it to the path of llama-server");
  const total = files.reduce((sum, file) => sum + file.scenarios.length, 0);
  const { url, stop } = await startLlamaServer(program, model);
  try {
    const { results } = await evaluateServer(evaluation, url, files, (done) =>
      progress(`llama-server, ${path.basename(model)}`, done, total),
    );
    return evaluation.summarizeEval(results);
  } finally {
    await stop();
  }
}

/** @param {() => Promise<any>} work @returns {Promise<any>} its result, or the reason for its failure as text */
async function orFailure(work) {
  try {
    return await work();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** @param {string} what @param {number} done @param {number} total */
function progress(what, done, total) {
  if (done % 10 === 0 || done === total) process.stderr.write(`${what}: ${done} of ${total}\n`);
}
