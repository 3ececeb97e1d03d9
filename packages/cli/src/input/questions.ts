import { createInterface, type Interface } from "node:readline";
import { onAbort } from "../on-abort.js";
import type { Streams } from "../streams.js";

/** Asks questions at a terminal, one after another. Ctrl-C and Ctrl-D end them. */
export class Questions {
  readonly #readline: Interface;
  readonly #closed = new AbortController();
  #waiting: ((answer: string | null) => void) | null = null;

  constructor({ stdin, stdout, stop }: Pick<Streams, "stdin" | "stdout" | "stop">) {
    this.#readline = createInterface({ input: stdin, output: stdout, terminal: true, historySize: 0 });
    this.#readline.on("line", (line) => this.#answer(line));
    this.#readline.on("SIGINT", () => this.close());
    this.#readline.on("SIGCONT", () => this.#readline.prompt(true));
    this.#readline.on("error", () => this.close());
    this.#readline.on("close", () => {
      // The cursor is still on the line of the question.
      if (this.#waiting !== null) stdout.write("\n");
      this.#closed.abort();
      this.#answer(null);
    });
    onAbort(stop, () => this.close());
  }

  /** Aborts when the questions have ended: also by Ctrl-C while nothing is asked. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Returns the typed answer, `usual` for an empty one, or null if the user has ended the questions. */
  async ask(question: string, usual: string): Promise<string | null> {
    if (this.closed.aborted) return null;
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
