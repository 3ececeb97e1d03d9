import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { program } from "../run-program.js";

/** A line of the program's output: a reply, or an error. */
export interface Answer {
  content?: string;
  error?: { code: string; message: string };
}

/** The program with `run --jsonl`, as used by another program. */
export class TalkingProgram {
  readonly #child;
  readonly #lines;
  stderr = "";

  constructor(config: string, environment: Record<string, string> = {}) {
    this.#child = spawn(process.execPath, [program, "run", "--config", config, "--jsonl"], {
      env: { ...process.env, ...environment },
    });
    this.#child.stdin.on("error", () => {});
    this.#child.stderr.setEncoding("utf8").on("data", (text) => {
      this.stderr += text;
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(content: string): void {
    this.#child.stdin.write(`${JSON.stringify({ content })}\n`);
  }

  /** Returns the next line; null if the program has ended. */
  async next(): Promise<Answer | null> {
    const { value, done } = await this.#lines.next();
    if (done) return null;
    try {
      return JSON.parse(value);
    } catch {
      // A line cut off by a kill was not acknowledged.
      return null;
    }
  }

  async ask(content: string): Promise<Answer | null> {
    this.send(content);
    return this.next();
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed();
  }

  /** Ends the input and waits for the program to end. */
  async end(): Promise<number | null> {
    this.#child.stdin.end();
    await this.#closed();
    return this.#child.exitCode;
  }

  async #closed(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "close");
  }
}
