import { writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { programFile } from "../installations.mjs";
import { failedRow, reportRow } from "../report-row.mjs";
import { summarizeSamples } from "../summarize-samples.mjs";
import { chat, keepAlive, openIdle, sendMany } from "./http-load.mjs";
import { MeasuredProcess } from "./measured-process.mjs";

/** @typedef {import("../report-row.mjs").Row} Row */
/** @typedef {import("../report-row.mjs").Unit} Unit */

const SUBJECT = "nanoagent serve, rules engine";
const AGENT = "bench-agent";
const SETTLE_MILLISECONDS = 1000;
/** Requests before the first measurement: V8 has compiled what it will, and the heap has its size. */
const WARM_REQUESTS = 10_000;
const COUNTED_REQUESTS = 20_000;
const ALL_REQUESTS = 100_000;
const IDLE_CONNECTIONS = 1000;
const TOKENS = 20_000;
const FIRST_TOKENS = 30;

const scriptedProgram = fileURLToPath(new URL("./serve-scripted.mjs", import.meta.url));

/**
 * Measures what serving adds to an agent: to its start, its memory, its first token and every token; and what requests and
 * idle connections take.
 *
 * @param {import("../workbench.mjs").Workbench} workbench
 * @param {import("../installations.mjs").OwnFolders} folders
 * @param {number} runs
 * @param {(what: string) => void} progress
 * @returns {Promise<Row[]>}
 */
export async function measureServe(workbench, folders, runs, progress) {
  try {
    const config = path.join(workbench.folder, "serve.json");
    const device = { device_id: "bench", platform: "linux-x86_64", memory_mb: 1024, cpu_cores: 2 };
    writeFileSync(config, JSON.stringify({ spec: { name: AGENT }, device }));
    const program = programFile(folders.cli);
    const serve = [program, "serve", "--config", config, "--port", "0", "--log-level", "error"];
    const run = [program, "run", "--config", config, "--jsonl"];
    const cwd = workbench.folder;
    return [
      ...(await measureStart(serve, run, cwd, runs, progress)),
      ...(await measureTokens(folders.libraries, cwd, runs, progress)),
      ...(await measureConnections(serve, cwd, progress)),
      ...(await measureRequests(serve, cwd, progress)),
    ];
  } catch (error) {
    return [failedRow(["serve", "nanoagent"], SUBJECT, error)];
  }
}

/** @param {string} name @param {string} measure @param {Unit} unit @param {readonly number[]} samples */
function row(name, measure, unit, samples) {
  return reportRow(["serve", "nanoagent", name], { subject: SUBJECT, measure, unit }, summarizeSamples(samples));
}

/**
 * Pairs of starts: to the first reply of `run`, and to the first reply of `serve`.
 *
 * @param {readonly string[]} serve
 * @param {readonly string[]} run
 * @param {string} cwd
 * @param {number} runs
 * @param {(what: string) => void} progress
 */
async function measureStart(serve, run, cwd, runs, progress) {
  const megabytes = [];
  const starts = { run: /** @type {number[]} */ ([]), serve: /** @type {number[]} */ ([]) };
  for (let pair = 1; pair <= runs; pair++) {
    progress(`serve: start, pair ${pair} of ${runs}`);
    const running = await measureChild(run, cwd, async (child) => {
      child.write(JSON.stringify({ content: "Tell me a word." }));
      await child.line();
    });
    const serving = await measureChild(serve, cwd, async (child) => {
      await child.line();
    });
    starts.run.push(running.milliseconds);
    starts.serve.push(serving.milliseconds);
    megabytes.push((serving.bytes - running.bytes) / 2 ** 20);
  }
  return [
    // Other work only adds to a time, so the least times are compared.
    row("start", "least time to the ready line, minus that of run to its first reply", "ms", [
      Math.min(...starts.serve) - Math.min(...starts.run),
    ]),
    row("memory", "RSS then, minus that of run", "MB", megabytes),
  ];
}

/**
 * @param {readonly string[]} args
 * @param {string} cwd
 * @param {(child: MeasuredProcess) => Promise<void>} untilReady
 */
async function measureChild(args, cwd, untilReady) {
  const child = new MeasuredProcess(args, cwd);
  try {
    await untilReady(child);
    const milliseconds = performance.now() - child.startedAt;
    await setTimeout(SETTLE_MILLISECONDS);
    return { milliseconds, bytes: child.residentBytes };
  } finally {
    child.end();
  }
}

/** @param {string} folder @param {string} cwd @param {number} runs @param {(what: string) => void} progress */
async function measureTokens(folder, cwd, runs, progress) {
  const first = [];
  const each = [];
  for (let run = 1; run <= runs; run++) {
    progress(`serve: tokens, run ${run} of ${runs}`);
    first.push(await addedToFirstToken(folder, cwd));
    each.push(await addedToToken(folder, cwd));
  }
  return [
    row("first-token", "to the first token, minus stream()", "ms", first),
    row("token", "processor time of a streamed token, minus stream()", "µs", each),
  ];
}

/** @param {string} folder @param {string} cwd */
async function addedToFirstToken(folder, cwd) {
  const child = new MeasuredProcess([scriptedProgram, folder, "1"], cwd);
  const agent = keepAlive(1);
  try {
    const url = await child.line();
    const served = [];
    const direct = [];
    for (let time = 0; time < FIRST_TOKENS; time++) {
      const began = performance.now();
      let milliseconds = 0;
      const onData = (/** @type {string} */ text) => {
        if (milliseconds === 0 && text.includes("word")) milliseconds = performance.now() - began;
      };
      await chat(url, agent, { model: AGENT, stream: true, onData });
      served.push(milliseconds);
      child.write("");
      direct.push(JSON.parse(await child.line()).firstMilliseconds);
    }
    return summarizeSamples(served).median - summarizeSamples(direct).median;
  } finally {
    agent.destroy();
    child.end();
  }
}

/** @param {string} folder @param {string} cwd */
async function addedToToken(folder, cwd) {
  const child = new MeasuredProcess([scriptedProgram, folder, String(TOKENS)], cwd);
  const agent = keepAlive(1);
  try {
    const url = await child.line();
    const direct = [];
    const served = [];
    for (let time = 0; time < 5; time++) {
      const before = child.cpuMicroseconds;
      await chat(url, agent, { model: AGENT, stream: true });
      served.push(child.cpuMicroseconds - before);
      child.write("");
      direct.push(JSON.parse(await child.line()).cpuMicroseconds);
    }
    return (summarizeSamples(served).minimum - summarizeSamples(direct).minimum) / TOKENS;
  } finally {
    agent.destroy();
    child.end();
  }
}

/** @param {readonly string[]} serve @param {string} cwd @param {(what: string) => void} progress */
async function measureConnections(serve, cwd, progress) {
  progress(`serve: ${IDLE_CONNECTIONS} idle connections`);
  const child = new MeasuredProcess(serve, cwd);
  try {
    const url = urlIn(await child.line());
    await sendMany(url, AGENT, 100);
    await setTimeout(SETTLE_MILLISECONDS);
    const before = child.residentBytes;
    const end = await openIdle(url, IDLE_CONNECTIONS);
    await setTimeout(SETTLE_MILLISECONDS);
    const bytes = child.residentBytes - before;
    end();
    const measure = `RSS of ${IDLE_CONNECTIONS.toLocaleString("en")} idle connections`;
    return [row("connections", measure, "MB", [bytes / 2 ** 20])];
  } finally {
    child.end();
  }
}

/** @param {readonly string[]} serve @param {string} cwd @param {(what: string) => void} progress */
async function measureRequests(serve, cwd, progress) {
  progress(`serve: ${ALL_REQUESTS.toLocaleString("en")} requests`);
  const child = new MeasuredProcess(serve, cwd);
  try {
    const url = urlIn(await child.line());
    await sendMany(url, AGENT, WARM_REQUESTS);
    const memory = child.residentBytes;
    const cpu = child.cpuMicroseconds;
    await sendMany(url, AGENT, COUNTED_REQUESTS);
    const each = (child.cpuMicroseconds - cpu) / COUNTED_REQUESTS;
    await sendMany(url, AGENT, ALL_REQUESTS - WARM_REQUESTS - COUNTED_REQUESTS);
    const growth = (child.residentBytes - memory) / 2 ** 20;
    return [
      row("request", "processor time of a request", "µs", [each]),
      row("growth", `RSS after ${ALL_REQUESTS.toLocaleString("en")} requests, minus after 10,000`, "MB", [growth]),
    ];
  } finally {
    child.end();
  }
}

/** @param {string} line */
function urlIn(line) {
  const url = /http:\/\/\S+/.exec(line)?.[0];
  if (url === undefined) throw new Error(`no address in "${line}"`);
  return url;
}
