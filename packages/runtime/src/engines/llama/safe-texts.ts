import { type AddonModel, CONTROL_TOKEN } from "./llama-addon.js";

/** Limit on the cached texts of two requests. Texts that fit a context are far shorter. */
const MAX_REMEMBERED_CHARACTERS = 2 ** 20;

/**
 * Neutralizes control tokens in texts, so that no text can end its message or impersonate another role. Most texts of a
 * request also occurred in the previous one, so results are cached.
 */
export class SafeTexts {
  readonly #vocabulary: Pick<AddonModel, "tokenize" | "getTokenAttributes" | "getTokenString">;
  #before = new Map<string, string>();
  #now = new Map<string, string>();
  #rememberedCharacters = 0;

  constructor(vocabulary: Pick<AddonModel, "tokenize" | "getTokenAttributes" | "getTokenString">) {
    this.#vocabulary = vocabulary;
  }

  /** Starts a request. The cache keeps only its texts and those of the previous request. */
  begin(): void {
    this.#before = this.#now;
    this.#now = new Map();
    this.#rememberedCharacters = 0;
  }

  /** Returns the text with an invisible space in each control token. */
  makeSafe(text: string): string {
    const known = this.#now.get(text) ?? this.#before.get(text);
    const safe = known ?? this.#takeApart(text);
    this.#rememberedCharacters += text.length;
    if (this.#rememberedCharacters <= MAX_REMEMBERED_CHARACTERS) this.#now.set(text, safe);
    return safe;
  }

  /** Returns a copy of the data with all texts made safe. */
  makeDataSafe<Data>(data: Data): Data {
    const text = JSON.stringify(data);
    const safe = this.makeSafe(text);
    return safe === text ? data : JSON.parse(safe);
  }

  /** Returns the distinct control tokens in a text, as text. */
  controlTokensIn(text: string): string[] {
    const isControl = (token: number) => (this.#vocabulary.getTokenAttributes(token) & CONTROL_TOKEN) !== 0;
    return [...new Set(this.#vocabulary.tokenize(text, true))]
      .filter(isControl)
      .map((token) => this.#vocabulary.getTokenString(token));
  }

  #takeApart(text: string): string {
    let safe = text;
    for (const token of this.controlTokensIn(text)) {
      safe = safe.replaceAll(token, `${token[0]}\u200b${token.slice(1)}`);
    }
    return safe;
  }
}
