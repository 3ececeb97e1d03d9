/** A conversation's messages are counted again with each turn; so many characters of them are known by heart. */
const MAX_CHARACTERS = 2 ** 20;

/** The token counts of the texts that were counted last. */
export class TokenCounts {
  readonly #counts = new Map<string, number>();
  #characters = 0;

  get(text: string): number | undefined {
    return this.#counts.get(text);
  }

  set(text: string, tokens: number): void {
    if (text.length > MAX_CHARACTERS || this.#counts.has(text)) return;
    this.#counts.set(text, tokens);
    this.#characters += text.length;
    for (const oldest of this.#counts.keys()) {
      if (this.#characters <= MAX_CHARACTERS) return;
      this.#counts.delete(oldest);
      this.#characters -= oldest.length;
    }
  }
}

/**
 * About how many tokens a text has, where its server does not count: a third of its bytes. Tokenizers take 3 to 5 bytes
 * of prose for a token, 3 of Chinese or Japanese, and less of numbers and code: for these it is too few.
 */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 3);
}
