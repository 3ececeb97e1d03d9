import { createInterface, type Interface } from "node:readline";
import { onAbort } from "../on-abort.js";
import type { Streams } from "../streams.js";

/** Questions at a terminal, one after another. Ctrl-C and Ctrl-D end them. */
export class Questions {
  readonly #readline: Interface;
  #isClosed = false;
  #waiting: ((answer: string | null) => void) | null = null;

  constructor({ stdin, stdout, stop }: Streams) {
    this.#readline = createInterface({ input: stdin, output: stdout, terminal: true, historySize: 0 });
    this.#readline.on("line", (line) => this.#answer(line));
    this.#readline.on("SIGINT", () => this.close());
    this.#readline.on("SIGCONT", () => this.#readline.prompt(true));
    this.#readline.on("error", () => this.close());
    this.#readline.on("close", () => {
      // The cursor is behind the question.
      if (this.#waiting !== null) stdout.write("\n");
      this.#isClosed = true;
      this.#answer(null);
    });
    onAbort(stop, () => this.close());
  }

  /** What is typed, or `usual` for nothing; null when the questions were ended. */
  async ask(question: string, usual: string): Promise<string | null> {
    if (this.#isClosed) return null;
    this.#readline.setPrompt(`${question}${usual === "" ? "" : ` [${usual}]`}: `);
    this.#readline.prompt();
    const answer = await new Promise<string | null>((resolve) => {
      this.#waiting = resolve;
    });
    return answer === null ? null : answer.trim() || usual;
  }

  close(): void {
    this.#readline.close();
  }

  #answer(line: string | null): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(line);
  }
}
