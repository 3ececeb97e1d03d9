/** Number of tokens before a token that make its text the same as within the whole. */
const CONTEXT_TOKENS = 4;
/** Most tokens of one character. It has four bytes at most: tokens that are no character by then are not text. */
const MAX_UNFINISHED_TOKENS = 8;
/** Stands in a text for bytes that are not text. */
export const REPLACEMENT_CHARACTER = "\ufffd";
const UNFINISHED_END = new RegExp(`${REPLACEMENT_CHARACTER}+$`);

/** Turns tokens into text one after the other, also where a character is spread over several tokens. */
export class TokenText {
  readonly #detokenize: (tokens: Uint32Array) => string;
  #context: number[] = [];
  #unfinished: number[] = [];

  constructor(detokenize: (tokens: Uint32Array) => string) {
    this.#detokenize = detokenize;
  }

  /** Returns the text that this token completes; empty while a character is still in parts. */
  push(token: number): string {
    this.#unfinished.push(token);
    const text = this.#read();
    if (text.endsWith(REPLACEMENT_CHARACTER) && this.#unfinished.length < MAX_UNFINISHED_TOKENS) return "";
    return this.#accept(text);
  }

  /** Whether a character is still in parts. */
  get isUnfinished(): boolean {
    return this.#unfinished.length > 0;
  }

  /** Returns the rest of the text, when no more tokens come. A character that is still in parts is left out. */
  finish(): string {
    return this.#unfinished.length === 0 ? "" : this.#accept(this.#read()).replace(UNFINISHED_END, "");
  }

  #read(): string {
    const before = this.#detokenize(Uint32Array.from(this.#context));
    return this.#detokenize(Uint32Array.from([...this.#context, ...this.#unfinished])).slice(before.length);
  }

  #accept(text: string): string {
    this.#context = [...this.#context, ...this.#unfinished].slice(-CONTEXT_TOKENS);
    this.#unfinished = [];
    return text;
  }
}
