/** Number of preceding tokens needed to decode a token as in the whole text. */
const CONTEXT_TOKENS = 4;
/** Most tokens per character. A character has at most four bytes, so more tokens without a character are not text. */
const MAX_UNFINISHED_TOKENS = 8;
/** Replaces invalid bytes in a text. */
export const REPLACEMENT_CHARACTER = "\ufffd";
const UNFINISHED_END = new RegExp(`${REPLACEMENT_CHARACTER}+$`);

/** Decodes tokens to text one at a time, including characters that span several tokens. */
export class TokenText {
  readonly #detokenize: (tokens: Uint32Array) => string;
  #context: number[] = [];
  #unfinished: number[] = [];

  constructor(detokenize: (tokens: Uint32Array) => string) {
    this.#detokenize = detokenize;
  }

  /** Returns the text that this token completes, or an empty text within a character. */
  push(token: number): string {
    this.#unfinished.push(token);
    const text = this.#read();
    if (text.endsWith(REPLACEMENT_CHARACTER) && this.#unfinished.length < MAX_UNFINISHED_TOKENS) return "";
    return this.#accept(text);
  }

  /** Whether a character is incomplete. */
  get isUnfinished(): boolean {
    return this.#unfinished.length > 0;
  }

  /** Returns the rest of the text. An incomplete character is dropped. */
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
