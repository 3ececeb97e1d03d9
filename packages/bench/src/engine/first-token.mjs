import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { runInPairs } from "../paired-runs.mjs";
import { measuredEnvironment } from "../workbench.mjs";
import { agentConfig } from "./agent-config.mjs";
import { followTree, freezeTree } from "./process-tree.mjs";
import { chatMl } from "./reply-texts.mjs";

/**
 * Cost of a start up to the first token: processor time of all processes, and wall time.
 *
 * @typedef {{ cpu_ms: number, wall_ms: number }} FirstToken
 */

/**
 * @typedef {object} FirstTokenTask
 * @property {string} modelPath a model that uses ChatML, so that all contenders get the same prompt
 * @property {string} program main file of nanoagent
 * @property {string} runtimeFolder folder from which `@nanoagent/runtime` resolves
 * @property {string} addonPackage folder of the package with llama.cpp's library
 * @property {string} [llamaServer] path of llama-server; absent: not measured
 * @property {string} [nodeLlamaCpp] folder with node-llama-cpp; absent: not measured
 * @property {boolean} [toEnd] whether to measure up to the end of the programs, with the whole reply
 * @property {string} [message]
 * @property {string} [nodeFile] Node for all contenders except llama-server. Default: this one
 * @property {number} [pairs] Default: 5
 * @property {number} [threads] Default: 1
 * @property {number} [contextTokens] Default: each contender's own; 4096 for direct calls of llama.cpp
 * @property {readonly string[]} [contenders] Default: all that are available
 * @property {(what: string) => void} [progress]
 */

const MESSAGE = "What is the capital of France?";
/** Reply length if contenders are stopped at their first token, so that none of them ends before. */
const REPLY_TOKENS = 16;
/** Tokens of a one-word reply: the word, a full stop and the end. */
const WORD_TOKENS = 3;
const BARE_CONTEXT_TOKENS = 4096;
const BATCH_TOKENS = 64;
const RUN_MILLISECONDS = 300_000;
const POLL_MILLISECONDS = 2;

const child = fileURLToPath(new URL("./first-token-child.mjs", import.meta.url));

/**
 * Starts nanoagent's program, its library, direct calls of llama.cpp and the peers in turn, with the same prompt, and
 * measures each one up to its first token or its end. Warm-up runs go to their end: they read the files into memory,
 * and leave the caches that a later start finds.
 *
 * @param {FirstTokenTask} task
 * @returns {Promise<Record<string, import("../paired-runs.mjs").Outcome<FirstToken>>>}
 */
export async function measureFirstToken(task) {
  const { pairs = 5, contenders = namesOf(task), progress = () => {} } = task;
  const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-first-token-"));
  try {
    const runners = contenders.map((name) => ({
      name,
      run: (/** @type {number} */ round) => startContender(name, task, { folder, isWarmUp: round < 0 }),
    }));
    return await runInPairs(runners, {
      pairs,
      warmUps: 1,
      onFigures: (name, round, { cpu_ms, wall_ms }) =>
        progress(`${round < 0 ? "warm-up" : round + 1} ${name}: ${cpu_ms} CPU ms, ${Math.round(wall_ms)} ms`),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {FirstTokenTask} task */
function namesOf({ llamaServer, nodeLlamaCpp, toEnd = false }) {
  return [
    "bare",
    "program",
    "library",
    // A server does not end by itself.
    ...(llamaServer === undefined || toEnd ? [] : ["llama-server"]),
    ...(nodeLlamaCpp === undefined ? [] : ["node-llama-cpp"]),
  ];
}

/** @param {string} name @param {FirstTokenTask} task @param {{ folder: string, isWarmUp: boolean }} run @returns {Promise<FirstToken>} */
function startContender(name, task, { folder, isWarmUp }) {
  const { modelPath, program, runtimeFolder, addonPackage, nodeLlamaCpp, nodeFile = process.execPath } = task;
  const { threads = 1, contextTokens, message = MESSAGE, toEnd = false } = task;
  const kept = { XDG_STATE_HOME: path.join(folder, "state"), XDG_CACHE_HOME: path.join(folder, "cache") };
  const environment = { ...measuredEnvironment(), ...kept };
  if (name === "llama-server") return startServer(task, environment);
  const config = path.join(folder, "agent.json");
  writeFileSync(config, JSON.stringify(agentConfig(modelPath, { threads, contextTokens, maxTokens: REPLY_TOKENS })));
  const work = {
    modelPath,
    threads,
    contextTokens: contextTokens ?? BARE_CONTEXT_TOKENS,
    batchTokens: BATCH_TOKENS,
    prompt: chatMl(message),
    replyTokens: toEnd ? WORD_TOKENS : REPLY_TOKENS,
  };
  /** @type {Record<string, string[]>} */
  const commands = {
    bare: [child, "bare", JSON.stringify({ ...work, addonPackage })],
    library: [child, "library", JSON.stringify({ config, runtimeFolder, message })],
    program: [program, "run", "--config", config, "--once", message],
    "node-llama-cpp": [child, "node-llama-cpp", JSON.stringify({ ...work, contextTokens, nodeLlamaCpp, message })],
  };
  const args = commands[name];
  if (args === undefined) throw new Error(`Unknown contender "${name}".`);
  if (toEnd || isWarmUp) return watchRun(nodeFile, args, environment);
  return watchStart(nodeFile, args, environment, (started, onToken) => {
    started.stdout?.once("data", onToken);
  });
}

/** @param {FirstTokenTask} task @param {NodeJS.ProcessEnv} environment @returns {Promise<FirstToken>} */
function startServer(
  { llamaServer = "", modelPath, threads = 1, contextTokens = 4096, message = MESSAGE },
  environment,
) {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const number = (/** @type {number} */ value) => String(value);
  const args = ["-m", modelPath, "-t", number(threads), "-c", number(contextTokens), "-np", "1"];
  args.push("--no-webui", "--host", "127.0.0.1", "--port", number(port));
  return watchStart(llamaServer, args, environment, (started, onToken) =>
    askServer(port, chatMl(message), started, onToken),
  );
}

/**
 * Sends a request to a server as soon as it listens.
 *
 * @param {number} port
 * @param {string} prompt
 * @param {import("node:child_process").ChildProcess} started
 * @param {() => void} onToken
 */
function askServer(port, prompt, started, onToken) {
  const body = JSON.stringify({ prompt, n_predict: REPLY_TOKENS, stream: true, temperature: 0 });
  const again = () => {
    if (started.exitCode === null && started.signalCode === null) setTimeout(ask, POLL_MILLISECONDS);
  };
  const ask = () => {
    const options = { host: "127.0.0.1", port, path: "/completion", method: "POST", agent: false };
    const asked = request(options, (answer) => {
      // While the server loads the model, it answers with an error.
      if (answer.statusCode !== 200) {
        answer.resume();
        return again();
      }
      answer.once("data", onToken);
      answer.on("error", () => {});
    });
    asked.on("error", again);
    asked.end(body);
  };
  ask();
}

/**
 * Starts a program, and stops it with all its descendants at its first token.
 *
 * @param {string} file
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} environment
 * @param {(started: import("node:child_process").ChildProcess, onToken: () => void) => void} listen
 * @returns {Promise<FirstToken>}
 */
async function watchStart(file, args, environment, listen) {
  const began = performance.now();
  const started = spawn(file, args, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  started.stderr.setEncoding("utf8").on("data", (text) => {
    said = (said + text).slice(-2000);
  });
  const timer = setTimeout(() => started.kill("SIGKILL"), RUN_MILLISECONDS);
  try {
    return await new Promise((resolve, reject) => {
      started.once("error", reject);
      started.once("close", () => reject(new Error(`${path.basename(file)} ended without a token: ${said.trim()}`)));
      listen(started, () => {
        const wall_ms = performance.now() - began;
        const tree = freezeTree(started.pid ?? 0);
        resolve({ cpu_ms: tree.cpuMilliseconds, wall_ms });
        tree.kill();
      });
    });
  } finally {
    clearTimeout(timer);
    started.kill("SIGKILL");
    if (started.exitCode === null && started.signalCode === null && started.pid !== undefined)
      await once(started, "exit");
  }
}

/**
 * Runs a program until it ends.
 *
 * @param {string} file
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Promise<FirstToken>}
 */
async function watchRun(file, args, environment) {
  const began = performance.now();
  const started = spawn(file, args, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  for (const stream of /** @type {const} */ (["stdout", "stderr"])) {
    started[stream].setEncoding("utf8").on("data", (text) => {
      said[stream] = (said[stream] + text).slice(-2000);
    });
  }
  const timer = setTimeout(() => started.kill("SIGKILL"), RUN_MILLISECONDS);
  const tree = followTree(started.pid ?? 0);
  try {
    const [code, signal] = await once(started, "close");
    if (code !== 0 || said.stdout.trim() === "")
      throw new Error(`${path.basename(file)} ended with ${signal ?? `exit code ${code}`}: ${said.stderr.trim()}`);
    return { wall_ms: performance.now() - began, cpu_ms: tree.stop() };
  } finally {
    clearTimeout(timer);
    tree.stop();
    started.kill("SIGKILL");
  }
}
