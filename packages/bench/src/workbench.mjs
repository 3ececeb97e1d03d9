import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import path from "node:path";

/** Environment variables that measured programs inherit. */
const KEPT_VARIABLES = ["PATH", "Path", "HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "SystemRoot"];

const END_SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

const windows = process.platform === "win32";

/**
 * @typedef {object} RunOptions
 * @property {string} cwd
 * @property {number} timeLimitMilliseconds
 * @property {Readonly<Record<string, string | undefined>>} [environment] default: {@link measuredEnvironment}
 * @property {Readonly<Record<string, string>>} [variables] additional variables
 */

/**
 * @typedef {object} RunResult
 * @property {number} milliseconds from the start of the process to its exit
 * @property {string} stdout
 * @property {string} report output on file descriptor 3
 */

/**
 * Environment of all measured programs. It has nothing that changes how Node starts or what a library does:
 * `NODE_EXTRA_CA_CERTS` alone adds 80 ms and more to every start of Node 20.
 */
export function measuredEnvironment() {
  return Object.fromEntries(KEPT_VARIABLES.flatMap((name) => (name in process.env ? [[name, process.env[name]]] : [])));
}

/** Temporary folder with its processes. Closing it, or a signal, removes the folder and ends the processes. */
export class Workbench {
  folder = mkdtempSync(path.join(tmpdir(), "nanoagent-bench-"));
  /** @type {Set<import("node:child_process").ChildProcess>} */
  #children = new Set();
  #unfinished = new Set([this.folder]);

  constructor() {
    for (const name of END_SIGNALS) process.once(name, this.#end);
  }

  #end = (/** @type {NodeJS.Signals} */ name) => {
    this.close();
    process.exit(128 + constants.signals[name]);
  };

  /** @param {string} name @returns {string} */
  makeFolder(name) {
    const folder = path.join(this.folder, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /**
   * Lets `work` fill a folder elsewhere. If `work` fails, the folder is removed.
   *
   * @param {string} folder
   * @param {() => Promise<void>} work
   */
  async fillFolder(folder, work) {
    this.#unfinished.add(folder);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await work();
    this.#unfinished.delete(folder);
  }

  /**
   * Runs a program to its end.
   *
   * @param {string} program
   * @param {readonly string[]} args
   * @param {RunOptions} options
   * @returns {Promise<RunResult>}
   * @throws {Error} if it cannot be started, fails or exceeds its time limit; the message quotes its stderr
   */
  async run(program, args, { cwd, timeLimitMilliseconds, environment = measuredEnvironment(), variables = {} }) {
    const begin = performance.now();
    const child = spawn(program, args, {
      cwd,
      env: { ...environment, ...variables },
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      // A separate process group, so that descendants end with the child.
      detached: !windows,
      // npm and pnpm are scripts on Windows.
      shell: windows && program !== process.execPath,
    });
    this.#children.add(child);
    const outputs = [1, 2, 3].map((descriptor) => collect(child.stdio[descriptor]));
    let milliseconds = Number.NaN;
    let timedOut = false;
    child.once("exit", () => {
      milliseconds = performance.now() - begin;
    });
    const timer = setTimeout(() => {
      timedOut = true;
      endGroup(child);
    }, timeLimitMilliseconds);
    try {
      /** @type {{ exitCode: number | null, signal: string | null }} */
      const { exitCode, signal } = await new Promise((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (exitCode, signal) => resolve({ exitCode, signal }));
      });
      const [stdout = "", stderr = "", report = ""] = await Promise.all(outputs);
      if (timedOut) throw new Error(`took more than ${timeLimitMilliseconds / 1000} s`);
      if (exitCode !== 0)
        throw new Error(`ended with ${signal ?? `exit code ${exitCode}`}: ${tellingLines(stderr || stdout)}`);
      return { milliseconds, stdout, report };
    } finally {
      clearTimeout(timer);
      this.#children.delete(child);
    }
  }

  close() {
    for (const name of END_SIGNALS) process.off(name, this.#end);
    for (const child of this.#children) endGroup(child);
    for (const folder of this.#unfinished) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** @param {import("node:child_process").ChildProcess} child */
function endGroup(child) {
  if (child.pid === undefined) return;
  try {
    if (windows) child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has already ended.
  }
}

/** @param {unknown} stream @returns {Promise<string>} */
async function collect(stream) {
  let text = "";
  for await (const chunk of /** @type {import("node:stream").Readable} */ (stream).setEncoding("utf8")) text += chunk;
  return text;
}

/** Returns the lines of a program's output that describe the error, joined. @param {string} text @returns {string} */
function tellingLines(text) {
  const lines = text.split("\n").map((line) => line.trim());
  const errors = lines.filter((line) => /^(npm error|ERR_|\w*Error\b)/.test(line)).slice(0, 3);
  const telling = errors.length > 0 ? errors : lines.filter((line) => line !== "").slice(-3);
  return telling.join(" | ").slice(0, 300);
}
