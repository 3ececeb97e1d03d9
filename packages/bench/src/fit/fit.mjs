import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { machineFacts } from "../machine-facts.mjs";
import { renderTable } from "../render-table.mjs";
import { measuredEnvironment } from "../workbench.mjs";
import { judgeForecasts, meanError } from "./judge-forecasts.mjs";
import { importOwn } from "./own-packages.mjs";

/** @typedef {import("./judge-forecasts.mjs").TimedRow} TimedRow */

const help = `Compares the optimizer's figures with measurements: the engine's own figures, resident memory, speed.

Usage: pnpm bench:fit [engine] [memory] [forecast] [headers] [options]    (default: all four)

Options
  --rows FILE  save measured speeds in FILE, and measure only models that are not in it
  --model FILE add a GGUF file to the memory table
  --help       show this text

Runs the packages of the last build (npm start builds them). Speeds need an idle machine.
`;

const MEGABYTE = 2 ** 20;
const CHILD_MILLISECONDS = 600_000;
const HEADER_RUNS = 5;

/** Models with plain layers, attention windows, experts, latent attention and recurrent layers. */
const ENGINE_MODELS = [
  "SmolLM2-135M",
  "TinyLlama-1.1B",
  "Qwen2.5-0.5B",
  "Qwen3-0.6B",
  "Gemma-3-270M",
  "Gemma-3-1B",
  "Phi-3.5-mini",
  "Phi-4-mini",
  "LFM2-350M",
  "OLMoE-1B-7B",
  "Qwen3-30B-A3B",
  "Qwen3.5-0.8B",
  "DeepSeek-V2-Lite",
];
/** @typedef {[model: string, type: string, contexts: number[], batches: number[]]} MemoryModel */
/** @type {readonly MemoryModel[]} */
const MEMORY_MODELS = [
  ["SmolLM2-135M", "q8_0", [512, 2048, 4096], [16, 64]],
  ["SmolLM2-135M", "q4_0", [512, 2048, 4096], [16, 64]],
  ["Qwen3-0.6B", "q8_0", [512, 1024], [64]],
];
/** Dense model with a small vocabulary for calibrating forecasts, and its types. */
const CALIBRATION_MODEL = "SmolLM2-135M";
const TIMED_MODELS = [
  ["SmolLM2-360M", "q8_0"],
  ["SmolLM2-360M", "q4_0"],
  ["Qwen2.5-0.5B", "q8_0"],
  ["Qwen2.5-0.5B", "q4_0"],
  ["Qwen3-0.6B", "q8_0"],
  ["Qwen3-0.6B", "q6_k"],
  ["Qwen3-0.6B", "q5_k"],
  ["Qwen3-0.6B", "q4_k"],
  ["TinyLlama-1.1B", "q4_k"],
  ["TinyLlama-1.1B", "q5_k"],
  ["Llama-3.2-1B", "q3_k"],
  ["LFM2-350M", "q8_0"],
  ["LFM2-350M", "q4_k"],
  ["Gemma-3-270M", "q8_0"],
  ["Gemma-3-270M", "q4_0"],
  ["Qwen3.5-0.8B", "q4_k"],
];

const parts = { engine: engineTable, memory: memoryTable, forecast: forecastTable, headers: headerTable };

process.exitCode = await main();

async function main() {
  let options;
  try {
    options = parseArgs({
      args: process.argv.slice(2).filter((argument) => argument !== "--"),
      allowPositionals: true,
      options: { rows: { type: "string" }, model: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
    const unknown = options.positionals.find((name) => !Object.hasOwn(parts, name));
    if (unknown !== undefined) throw new TypeError(`Unknown table "${unknown}"`);
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : error}\n\n${help}`);
    return 2;
  }
  const { values, positionals } = options;
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const { node, platform, cpu_cores, cpu_model, memory_mb, commit, date } = machineFacts();
  const facts = `Node ${node} on ${platform}, ${cpu_cores} × ${cpu_model}, ${memory_mb} MB, commit ${commit ?? "unknown"}, ${date}`;
  process.stdout.write(`${facts}\n`);
  for (const [name, table] of Object.entries(parts)) {
    if (positionals.length === 0 || positionals.includes(name)) process.stdout.write(`\n${await table(values)}\n`);
  }
  return 0;
}

async function engineTable() {
  const lines = [];
  let most = 0;
  for (const name of ENGINE_MODELS) {
    progress(`engine: ${name}`);
    for (const row of await child("engine-figures.mjs", name)) {
      const difference = row.ledger_bytes - row.engine_bytes;
      most = Math.max(most, Math.abs(difference));
      const { model, architecture, context_tokens, batch_tokens, kv_type, engine_bytes, ledger_bytes } = row;
      const figures = [context_tokens, batch_tokens, kv_type, mb(engine_bytes, 2), mb(ledger_bytes, 2), difference];
      lines.push([model, architecture, ...figures.map(String)]);
    }
  }
  const table = renderTable(
    columns(["model", "architecture"], ["context", "batch", "KV", "engine MB", "ledger MB", "bytes off"]),
    lines,
  );
  return `Reserved KV cache, recurrent state and compute buffer; largest error of the ledger: ${most} bytes\n\n${table}`;
}

/** @param {{ model?: string | undefined }} options */
async function memoryTable({ model }) {
  /** @type {MemoryModel[]} */
  const asked = model === undefined ? [] : [[path.resolve(model), "", [512, 2048, 4096], [16, 64]]];
  const lines = [];
  for (const [name, type, contexts, batches] of [...MEMORY_MODELS, ...asked]) {
    for (const context of contexts) {
      for (const batch of batches) {
        progress(`memory: ${name} ${type}, ${context} tokens, ${batch} at once`);
        const row = await child("resident-memory.mjs", name, type, String(context), String(batch));
        const share = row.ledger_bytes / row.peak_bytes - 1;
        lines.push([
          row.model,
          row.type,
          row.maps_file ? "mapped" : "read",
          String(context),
          String(batch),
          mb(row.ledger_bytes),
          mb(row.peak_bytes),
          percent(share),
        ]);
      }
    }
  }
  const heads = columns(["model", "type", "weights"], ["context", "batch", "ledger MB", "peak MB", "off"]);
  return `Peak resident memory over a conversation that fills the context\n\n${renderTable(heads, lines)}`;
}

/** @param {{ rows?: string | undefined }} options */
async function forecastTable({ rows: file }) {
  const { CALIBRATED_TYPES, forecastFrom } = await importOwn("@nanoagent/optimizer");
  const { DeviceProfiler, LocalMachine, measureDevice, readCpuFeatures } = await importOwn("@nanoagent/profiler");
  /** @type {{ measurement: any, rows: TimedRow[] }} */
  const kept =
    file !== undefined && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { measurement: null, rows: [] };
  const keep = () => file !== undefined && writeFileSync(file, `${JSON.stringify(kept)}\n`);
  if (kept.measurement === null) {
    progress("forecast: micro-benchmark");
    const { bandwidth, dot_products } = await measureDevice();
    kept.measurement = { bandwidth, dot_products };
    keep();
  }
  const alike = `like ${CALIBRATION_MODEL}`;
  const wanted = [
    ...CALIBRATED_TYPES.map((/** @type {string} */ type) => [alike, type, CALIBRATION_MODEL]),
    ...TIMED_MODELS,
  ];
  for (const [name = "", type = "", like] of wanted) {
    if (kept.rows.some((row) => row.model === name && row.type === type)) continue;
    progress(`forecast: ${name} ${type}`);
    kept.rows.push(...(await child("time-model.mjs", name, type, ...(like === undefined ? [] : [like]))));
    keep();
  }
  const device = await new DeviceProfiler().profile();
  const cpuFeatures = await readCpuFeatures(new LocalMachine());
  const known = kept.rows.filter(({ model }) => model === alike);
  const rows = kept.rows.filter(({ model }) => model !== alike);
  const judge = (/** @type {readonly TimedRow[]} */ from) =>
    judgeForecasts(rows, from, { forecastFrom, facts: { device, cpuFeatures, measurement: kept.measurement } });
  return renderForecasts([
    ["calibrated with one dense model", judge(known)],
    ["from the micro-benchmark alone", judge([])],
    ["from all other models", judge(kept.rows)],
  ]);
}

/** @param {[title: string, judgements: import("./judge-forecasts.mjs").Judgement[]][]} cases */
function renderForecasts(cases) {
  /** @type {import("./judge-forecasts.mjs").Predictor[]} */
  const predictors = ["forecast", "bandwidth ÷ size", "constant ÷ parameters"];
  const summary = cases.flatMap(([title, judgements]) =>
    /** @type {const} */ (["decode", "prefill"]).map((phase) => {
      const ofPhase = judgements.filter((judgement) => judgement.phase === phase);
      const within = ofPhase.filter(({ isWithin }) => isWithin).length;
      const errors = predictors.map((predictor) => percent(meanError(ofPhase, predictor)));
      return [phase, title, ...errors, `${within} of ${ofPhase.length}`];
    }),
  );
  const [first = []] = cases.map(([, judgements]) => judgements);
  const each = first.flatMap((judgement, index) => {
    if (judgement.phase !== "decode") return [];
    const others = cases.map(([, judgements]) => judgements[index]?.expected.forecast ?? Number.NaN);
    const { model, type, context_tokens, actual } = judgement;
    return [[model, type, String(context_tokens), actual.toFixed(1), ...others.map((rate) => rate.toFixed(1))]];
  });
  return [
    `Mean absolute error of forecasts over ${new Set(first.map(({ model, type }) => `${model} ${type}`)).size} models and types; no forecast uses figures of its own model`,
    renderTable(columns(["", "known"], [...predictors, "within interval"]), summary),
    "Tokens per second of a reply, with one thread",
    renderTable(columns(["model", "type"], ["context", "measured", "calibrated", "micro", "all others"]), each),
  ].join("\n\n");
}

async function headerTable() {
  const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-header-"));
  try {
    await run("read-header.mjs", folder, "write");
    /** @type {Record<string, number>[]} */
    const rows = [];
    for (let count = 0; count < HEADER_RUNS; count++) rows.push(await child("read-header.mjs", folder));
    const least = (/** @type {string} */ key) => Math.min(...rows.map((row) => row[key] ?? Number.NaN));
    const most = (/** @type {string} */ key) => Math.max(...rows.map((row) => row[key] ?? Number.NaN));
    return [
      `Reading a header of ${mb(least("header_bytes"))} MB with 262,144 tokens, in ${HEADER_RUNS} fresh processes:`,
      `${least("milliseconds").toFixed(1)} to ${most("milliseconds").toFixed(1)} ms, ${least("milliseconds_again").toFixed(1)} ms the second time;`,
      `memory grows by ${mb(least("grown_bytes"))} to ${mb(most("grown_bytes"))} MB.`,
    ].join(" ");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} program @param {readonly string[]} args */
async function run(program, ...args) {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const options = { timeout: CHILD_MILLISECONDS, env: measuredEnvironment(), maxBuffer: 16 * MEGABYTE };
  return (await promisify(execFile)(process.execPath, [file, ...args], options)).stdout;
}

/** Returns the JSON that a program prints. @param {string} program @param {readonly string[]} args @returns {Promise<any>} */
async function child(program, ...args) {
  return JSON.parse(await run(program, ...args));
}

/** @param {readonly string[]} left @param {readonly string[]} right */
function columns(left, right) {
  const align = (/** @type {"left" | "right"} */ side) => (/** @type {string} */ title) => ({ title, align: side });
  return [...left.map(align("left")), ...right.map(align("right"))];
}

/** @param {number} bytes */
function mb(bytes, digits = 1) {
  return (bytes / MEGABYTE).toFixed(digits);
}

/** @param {number} share */
function percent(share) {
  return `${(share * 100).toFixed(1)} %`;
}

/** @param {string} what */
function progress(what) {
  process.stderr.write(`${what}\n`);
}
