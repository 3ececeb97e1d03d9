import { withoutNativeStack } from "./fatal-output.js";

/**
 * The end of a program's output. V8 prints a native stack of thousands of characters after the error message, so stack
 * lines are removed before the text is cut.
 */
export class LastWords {
  readonly #maxCharacters: number;
  /** Complete lines, without those of a native stack. */
  #lines = "";
  /** The current, unfinished line. */
  #unfinished = "";

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters;
  }

  add(output: string): void {
    const text = this.#unfinished + output;
    const end = text.lastIndexOf("\n") + 1;
    this.#unfinished = this.#cut(text.slice(end));
    if (end === 0) return;
    const words = withoutNativeStack(text.slice(0, end));
    if (words !== "") this.#lines = this.#cut(`${this.#lines}${words}\n`);
  }

  get text(): string {
    return this.#cut(this.#lines + this.#unfinished);
  }

  #cut(text: string): string {
    return text.slice(-this.#maxCharacters);
  }
}
