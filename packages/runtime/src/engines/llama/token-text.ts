/** So many tokens of context make a token's text the same as within the whole. */
const CONTEXT_TOKENS = 4;
/** A character takes four bytes at most; tokens that have not become one by then are no text. */
const MAX_UNFINISHED_TOKENS = 8;
/** Stands in a text for bytes that are none. */
export const REPLACEMENT_CHARACTER = "\ufffd";

/** Turns tokens into text one after the other, a character that is spread over several tokens included. */
export class TokenText {
  readonly #detokenize: (tokens: Uint32Array) => string;
  #context: number[] = [];
  #unfinished: number[] = [];

  constructor(detokenize: (tokens: Uint32Array) => string) {
    this.#detokenize = detokenize;
  }

  /** The text that this token completes; empty while a character is still in parts. */
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

  /** What is left when no more tokens come. */
  finish(): string {
    return this.#unfinished.length === 0 ? "" : this.#accept(this.#read());
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
