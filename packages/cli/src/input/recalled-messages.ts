import { MAX_KEPT_MESSAGES } from "./input-history.js";

/** Stands for a line break where a message of several lines is shown on one. */
const BREAK = "⏎";

/** Messages that the arrow keys bring back, each as one line, the newest first. */
export class RecalledMessages {
  #lines: string[] = [];
  /** Lines that stand for messages of several lines. */
  readonly #multiLine = new Map<string, string>();

  /** `messages` are those of earlier sessions, oldest first. */
  constructor(messages: readonly string[]) {
    for (const message of messages) this.add(message);
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Makes a message the newest one. The same message is there once. */
  add(message: string): void {
    const line = message.replaceAll("\n", BREAK);
    if (line !== message) this.#multiLine.set(line, message);
    this.#lines = [line, ...this.#lines.filter((other) => other !== line)].slice(0, MAX_KEPT_MESSAGES);
  }

  /** Returns the message of a line: of one that was brought back, and perhaps edited, or of one that was typed. */
  messageOf(line: string): string {
    const known = this.#multiLine.get(line);
    if (known !== undefined) return known;
    const isEdited = [...this.#multiLine.keys()].some(
      (one) =>
        line.startsWith(one.slice(0, one.indexOf(BREAK) + 1)) || line.endsWith(one.slice(one.lastIndexOf(BREAK))),
    );
    return isEdited ? line.replaceAll(BREAK, "\n") : line;
  }
}
