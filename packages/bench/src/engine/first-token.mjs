import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { freezeTree } from "./process-tree.mjs";

/**
 * Cost of a start up to the first token: processor time of all processes, and time by the clock.
 *
 * @typedef {{ cpu_ms: number, wall_ms: number }} FirstToken
 */

/**
 * @typedef {object} FirstTokenTask
 * @property {string} modelPath a model that speaks ChatML: the prompt is written for all contenders alike
 * @property {string} program the main file of nanoagent
 * @property {string} runtimeFolder a folder from which `@nanoagent/runtime` is found
 * @property {string} addonPackage where the package with llama.cpp's library is
 * @property {string} [llamaServer] the program of llama-server; without it, it is not measured
 * @property {string} [nodeFile] the Node that runs all but llama-server. Default: this one
 * @property {number} [pairs] Default: 5
 * @property {number} [threads] Default: 1
 * @property {number} [contextTokens] Default: 4096
 * @property {readonly string[]} [contenders] Default: all that can be measured
 * @property {(what: string) => void} [progress]
 */

const INSTRUCTIONS = "You are a helpful assistant.";
const MESSAGE = "What is the capital of France?";
const PROMPT = `<|im_start|>system\n${INSTRUCTIONS}<|im_end|>\n<|im_start|>user\n${MESSAGE}<|im_end|>\n<|im_start|>assistant\n`;
/** Every contender is stopped at its first token; none is to be done by then. */
const REPLY_TOKENS = 16;
const BATCH_TOKENS = 64;
const RUN_MILLISECONDS = 300_000;
const POLL_MILLISECONDS = 2;

const child = fileURLToPath(new URL("./first-token-child.mjs", import.meta.url));

/**
 * Starts nanoagent's program, its library, llama.cpp driven directly and llama-server in turn, each with the same prompt,
 * and measures each up to its first token. A run of each before the first pair comes to its own end: it reads the files into
 * memory, and leaves what a start finds of an earlier one.
 *
 * @param {FirstTokenTask} task
 * @returns {Promise<{ medians: Record<string, FirstToken>, ratios: Record<string, FirstToken>, runs: Record<string, FirstToken[]> }>}
 *   medians of each contender; medians of the ratios to `bare` of the same pair; and every run
 */
export async function measureFirstToken(task) {
  const { pairs = 5, contenders = namesOf(task), progress = () => {} } = task;
  const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-first-token-"));
  try {
    /** @type {Record<string, FirstToken[]>} */
    const runs = Object.fromEntries(contenders.map((name) => [name, []]));
    for (let pair = -1; pair < pairs; pair++) {
      for (const name of contenders) {
        const figures = await startContender(name, task, { folder, isWarmUp: pair < 0 });
        progress(
          `${pair < 0 ? "warm-up" : pair + 1} ${name}: ${figures.cpu_ms} CPU ms, ${Math.round(figures.wall_ms)} ms`,
        );
        if (pair >= 0) runs[name]?.push(figures);
      }
    }
    const each = (/** @type {(name: string) => FirstToken[]} */ read) =>
      Object.fromEntries(contenders.map((name) => [name, medianOf(read(name))]));
    const bare = runs.bare ?? [];
    const ratio = (/** @type {FirstToken} */ own, /** @type {number} */ pair) => ({
      cpu_ms: own.cpu_ms / (bare[pair]?.cpu_ms ?? Number.NaN),
      wall_ms: own.wall_ms / (bare[pair]?.wall_ms ?? Number.NaN),
    });
    return { medians: each((name) => runs[name] ?? []), ratios: each((name) => (runs[name] ?? []).map(ratio)), runs };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {FirstTokenTask} task */
function namesOf({ llamaServer }) {
  return ["bare", "program", "library", ...(llamaServer === undefined ? [] : ["llama-server"])];
}

/** @typedef {{ folder: string, isWarmUp: boolean }} Run its files; whether it goes on behind its first token */

/** @param {string} name @param {FirstTokenTask} task @param {Run} run @returns {Promise<FirstToken>} */
function startContender(name, task, run) {
  const { folder } = run;
  const { modelPath, program, runtimeFolder, addonPackage, nodeFile = process.execPath } = task;
  const { threads = 1, contextTokens = 4096 } = task;
  const kept = { XDG_STATE_HOME: path.join(folder, "state"), XDG_CACHE_HOME: path.join(folder, "cache") };
  const environment = { ...process.env, NODE_EXTRA_CA_CERTS: undefined, ...kept };
  if (name === "llama-server") return startServer(task, environment, run);
  const config = path.join(folder, "agent.json");
  writeFileSync(config, JSON.stringify(configFor(modelPath, { threads, contextTokens })));
  const work = { modelPath, threads, contextTokens, batchTokens: BATCH_TOKENS, prompt: PROMPT };
  /** @type {Record<string, string[]>} */
  const commands = {
    bare: [child, "bare", JSON.stringify({ ...work, addonPackage })],
    library: [child, "library", JSON.stringify({ config, runtimeFolder, message: MESSAGE })],
    program: [program, "run", "--config", config, "--once", MESSAGE],
  };
  const args = commands[name];
  if (args === undefined) throw new Error(`There is no contender "${name}".`);
  return watchStart(nodeFile, args, { environment, run }, (started, onToken) => {
    started.stdout?.once("data", onToken);
  });
}

/** @param {string} modelPath @param {{ threads: number, contextTokens: number }} limits */
function configFor(modelPath, { threads, contextTokens }) {
  return {
    spec: { name: "first-token", max_memory_mb: 4096, max_model_size_mb: 4096 },
    device: { device_id: "bench", platform: process.platform, memory_mb: 4096, cpu_cores: threads, has_gpu: false },
    model_path: modelPath,
    instructions: INSTRUCTIONS,
    engine: { context: contextTokens },
    sampling: { temperature: 0, max_tokens: REPLY_TOKENS },
  };
}

/** @param {FirstTokenTask} task @param {NodeJS.ProcessEnv} environment @param {Run} run @returns {Promise<FirstToken>} */
function startServer({ llamaServer = "", modelPath, threads = 1, contextTokens = 4096 }, environment, run) {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const number = (/** @type {number} */ value) => String(value);
  const args = ["-m", modelPath, "-t", number(threads), "-c", number(contextTokens), "-np", "1"];
  args.push("--no-webui", "--host", "127.0.0.1", "--port", number(port));
  // It has no end of its own.
  const settings = { environment, run: { ...run, isWarmUp: false } };
  return watchStart(llamaServer, args, settings, (started, onToken) => askServer(port, started, onToken));
}

/** Asks a server as soon as it listens. @param {number} port @param {import("node:child_process").ChildProcess} started @param {() => void} onToken */
function askServer(port, started, onToken) {
  const body = JSON.stringify({ prompt: PROMPT, n_predict: REPLY_TOKENS, stream: true, temperature: 0 });
  const again = () => {
    if (started.exitCode === null && started.signalCode === null) setTimeout(ask, POLL_MILLISECONDS);
  };
  const ask = () => {
    const options = { host: "127.0.0.1", port, path: "/completion", method: "POST", agent: false };
    const asked = request(options, (answer) => {
      // While it loads the model, it answers that it does.
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
 * Starts a program and freezes it with all that it has started as soon as its first token is there.
 *
 * @param {string} file
 * @param {string[]} args
 * @param {{ environment: NodeJS.ProcessEnv, run: Run }} settings
 * @param {(started: import("node:child_process").ChildProcess, onToken: () => void) => void} listen
 * @returns {Promise<FirstToken>}
 */
async function watchStart(file, args, { environment, run }, listen) {
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
      /** @type {FirstToken | null} */
      let warmUp = null;
      started.once("close", () => {
        if (warmUp !== null) resolve(warmUp);
        else reject(new Error(`${path.basename(file)} ended without a token: ${said.trim()}`));
      });
      listen(started, () => {
        const wall_ms = performance.now() - began;
        if (run.isWarmUp) {
          warmUp = { cpu_ms: Number.NaN, wall_ms };
          return;
        }
        const tree = freezeTree(started.pid ?? 0);
        resolve({ cpu_ms: tree.cpuMilliseconds, wall_ms });
        tree.kill();
      });
    });
  } finally {
    clearTimeout(timer);
    if (!run.isWarmUp) started.kill("SIGKILL");
    if (started.exitCode === null && started.signalCode === null && started.pid !== undefined)
      await once(started, "exit");
  }
}

/** @param {readonly FirstToken[]} runs @returns {FirstToken} */
function medianOf(runs) {
  const median = (/** @type {"cpu_ms" | "wall_ms"} */ key) => {
    const sorted = runs.map((run) => run[key]).sort((one, other) => one - other);
    const middle = Math.floor(sorted.length / 2);
    const upper = sorted[middle] ?? Number.NaN;
    return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
  };
  return { cpu_ms: median("cpu_ms"), wall_ms: median("wall_ms") };
}
