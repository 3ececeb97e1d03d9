/** Messages of a conversation are counted again with every turn, so this number of characters is cached. */
const MAX_CHARACTERS = 2 ** 20;

/** Cache of recent token counts. */
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
 * Estimates the tokens of a text, for servers that do not count, as a third of its bytes. Tokenizers need 3 to 5 bytes
 * per token for prose and 3 for Chinese or Japanese. Numbers and code need fewer, so the estimate is too low for them.
 */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 3);
}
