import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { measuredEnvironment } from "../workbench.mjs";

/** Length of a clock tick in `/proc/PID/stat`, in microseconds. */
const TICK_MICROSECONDS = 10_000;
const END_MILLISECONDS = 300_000;

/** Child process that is measured while it runs: its lines, its memory and its processor time. Needs Linux. */
export class MeasuredProcess {
  #child;
  #lines;
  #timer;
  #stderr = "";

  /** @param {readonly string[]} args of Node @param {string} cwd @param {Readonly<Record<string, string>>} variables more of them */
  constructor(args, cwd, variables = {}) {
    const env = { ...measuredEnvironment(), XDG_RUNTIME_DIR: cwd, ...variables };
    this.startedAt = performance.now();
    this.#child = spawn(process.execPath, [...args], { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stderr.setEncoding("utf8").on("data", (text) => {
      this.#stderr = (this.#stderr + text).slice(-500);
    });
    this.#child.stdin.on("error", () => {});
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#timer = setTimeout(() => this.#child.kill("SIGKILL"), END_MILLISECONDS);
  }

  /** @param {string} line */
  write(line) {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Returns the next line on stdout. @returns {Promise<string>} */
  async line() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the program ended: ${this.#stderr.trim()}`);
    return value;
  }

  get residentBytes() {
    return this.#status("VmRSS");
  }

  /** Processor time so far, in microseconds; in steps of 10,000. */
  get cpuMicroseconds() {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MICROSECONDS;
  }

  /** @param {string} name */
  #status(name) {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "latin1");
    return Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1]) * 1024;
  }

  end() {
    clearTimeout(this.#timer);
    this.#child.kill("SIGKILL");
  }
}
