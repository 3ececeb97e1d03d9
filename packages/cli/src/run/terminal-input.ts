import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { onAbort } from "../on-abort.js";
import type { MessageInput } from "./message-input.js";

const PROMPT = "You: ";
const MAX_REMEMBERED_LINES = 1000;

/** Lines that a person types, with editing and, on the arrow keys, what was typed before. */
export class TerminalInput implements MessageInput {
  onInterrupt: (() => void) | null = null;
  readonly #readline: Interface;
  readonly #stdout: Writable;
  readonly #typed: string[] = [];
  #waiting: ((line: string | null) => void) | null = null;
  #closed = false;
  #interrupts = 0;

  constructor(stdin: Readable, stdout: Writable, stop: AbortSignal) {
    this.#stdout = stdout;
    this.#readline = createInterface({
      input: stdin,
      output: stdout,
      terminal: true,
      prompt: PROMPT,
      historySize: MAX_REMEMBERED_LINES,
      removeHistoryDuplicates: true,
    });
    this.#readline.on("line", (line) => this.#take(line));
    this.#readline.on("SIGINT", () => this.#interrupt());
    // The terminal is there again after Ctrl-Z and fg.
    this.#readline.on("SIGCONT", () => this.#readline.prompt(true));
    // The terminal is gone; the signal that says so is on its way.
    this.#readline.on("error", () => this.close());
    this.#readline.on("close", () => {
      // Ctrl-D leaves the cursor behind the prompt.
      if (this.#waiting !== null) stdout.write("\n");
      this.#closed = true;
      this.#take(null);
    });
    onAbort(stop, () => this.close());
  }

  get interrupted(): boolean {
    return this.#interrupts > 1;
  }

  next(): Promise<string | null> {
    const line = this.#typed.shift();
    if (line !== undefined) return Promise.resolve(line);
    return this.ask(PROMPT);
  }

  /** What was typed before the question is no answer to it. */
  ask(question: string, before = ""): Promise<string | null> {
    if (this.#closed) return Promise.resolve(null);
    this.tell(before);
    this.#readline.setPrompt(question);
    this.#readline.prompt();
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  tell(text: string): void {
    this.#stdout.write(text);
  }

  close(): void {
    this.#readline.close();
  }

  #take(line: string | null): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (line !== null) this.#interrupts = 0;
    if (waiting !== null) waiting(line);
    else if (line !== null) this.#typed.push(line);
  }

  /** Ctrl-C: ends the reply; at the prompt, the line; on an empty line, said twice, the session. */
  #interrupt(): void {
    if (this.onInterrupt !== null) {
      this.onInterrupt();
      return;
    }
    if (this.#readline.line !== "") {
      this.#readline.write(null, { ctrl: true, name: "e" });
      this.#readline.write(null, { ctrl: true, name: "u" });
      return;
    }
    this.#interrupts += 1;
    if (this.interrupted) {
      this.close();
      return;
    }
    this.#stdout.write("\n(To end the session press Ctrl-C again, or Ctrl-D, or type quit.)\n");
    this.#readline.prompt();
  }
}
