import { spawn, spawnSync } from "node:child_process";
import { program } from "./run-program.js";

export const hasScript = process.platform === "linux" && spawnSync("script", ["--version"]).status === 0;

/** The program at a real terminal, which script(1) makes: type keys, wait for what appears. */
export class Terminal {
  readonly #child;
  #seen = "";
  #waiting: (() => void) | null = null;
  readonly ended: Promise<number | null>;

  constructor(args: readonly string[], columns = 80) {
    const words = [process.execPath, program, ...args].map((word) => `'${word}'`).join(" ");
    const command = `stty cols ${columns} rows 24; exec ${words}`;
    this.#child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
      env: { ...process.env, TERM: "xterm" },
    });
    this.#child.stdout.setEncoding("utf8").on("data", (text) => {
      this.#seen += text;
      this.#waiting?.();
    });
    this.ended = new Promise((resolve) => this.#child.on("close", resolve));
  }

  /** Waits until this appears, and forgets what came before it. */
  async see(text: string): Promise<void> {
    while (!this.#seen.includes(text)) {
      const more = new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
      const end = this.ended.then(() => {
        if (!this.#seen.includes(text))
          throw new Error(`It ended without showing ${JSON.stringify(text)}: ${JSON.stringify(this.#seen)}`);
      });
      await Promise.race([more, end]);
    }
    this.#seen = this.#seen.slice(this.#seen.indexOf(text) + text.length);
  }

  type(keys: string): void {
    this.#child.stdin.write(keys);
  }
}
