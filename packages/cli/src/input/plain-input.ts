import { createInterface, type Interface } from "node:readline";
import { onAbort } from "../on-abort.js";
import type { Streams } from "../streams.js";
import type { MessageInput } from "./message-input.js";
import { isOpenQuote, unquote } from "./multi-line.js";

const PROMPT = "You: ";

/**
 * Messages from a terminal that edits lines by itself: one that cannot draw (`TERM=dumb`), or one that a screen reader
 * reads (`--plain`). Nothing is ever drawn twice.
 */
export class PlainInput implements MessageInput {
  onInterrupt: (() => void) | null = null;
  readonly #stdout: Streams["stdout"];
  readonly #lines: Interface;
  readonly #typed: string[] = [];
  #waiting: ((line: string | null) => void) | null = null;
  #interrupts = 0;
  #closed = false;

  constructor(streams: Streams) {
    const { stdin, stdout, stop } = streams;
    this.#stdout = stdout;
    this.#lines = createInterface({ input: stdin, terminal: false });
    this.#lines.on("line", (line) => this.#take(line));
    this.#lines.on("close", () => {
      if (this.#waiting !== null) stdout.write("\n");
      this.#closed = true;
      streams.onInterrupt = null;
      this.#give(null);
    });
    streams.onInterrupt = () => this.#interrupt();
    onAbort(stop, () => this.close());
  }

  get interrupted(): boolean {
    return this.#interrupts > 1;
  }

  async next(): Promise<string | null> {
    for (;;) {
      let text = await this.#read(PROMPT);
      while (text !== null && isOpenQuote(text)) {
        const line: string | null = await this.#read("...  ");
        text = line === null ? null : `${text}\n${line}`;
      }
      if (text !== null) return unquote(text);
      // Ctrl-C has dropped what was typed.
      if (this.#closed) return null;
    }
  }

  /** Lines that were typed before the question do not answer it. */
  ask(question: string, before = ""): Promise<string | null> {
    if (this.#closed) return Promise.resolve(null);
    this.#stdout.write(`${before}${question}`);
    return this.#wait();
  }

  tell(text: string): void {
    this.#stdout.write(text);
  }

  close(): void {
    this.#lines.close();
  }

  #read(prompt: string): Promise<string | null> {
    const line = this.#typed.shift();
    if (line === undefined && this.#closed) return Promise.resolve(null);
    this.#stdout.write(prompt);
    if (line === undefined) return this.#wait();
    this.#stdout.write("\n");
    return Promise.resolve(line);
  }

  #wait(): Promise<string | null> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  #take(line: string): void {
    this.#interrupts = 0;
    if (this.#waiting === null) this.#typed.push(line);
    else this.#give(line);
  }

  #give(line: string | null): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(line);
  }

  /** Ctrl-C: ends the reply; the second time in a row, ends the input. */
  #interrupt(): void {
    this.#interrupts += 1;
    this.#typed.length = 0;
    if (this.interrupted) {
      this.onInterrupt?.();
      this.close();
    } else if (this.onInterrupt !== null) {
      // A question stands on the line of its answer.
      if (this.#waiting !== null) this.#stdout.write("\n");
      this.#give(null);
      this.onInterrupt();
    } else {
      this.#stdout.write("\n(Press Ctrl-C again, or Ctrl-D, to end the session.)\n");
      this.#give(null);
    }
  }
}
