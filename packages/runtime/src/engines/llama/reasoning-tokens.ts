import { markTexts } from "../reasoning-marks.js";
import { type AddonModel, CONTROL_TOKEN } from "./llama-addon.js";

/** Control tokens of a vocabulary that are reasoning marks or parts of them. They have no text of their own. */
export class ReasoningTokens {
  readonly #texts = new Map<number, string>();

  constructor(vocabulary: Pick<AddonModel, "tokenize" | "getTokenAttributes" | "getTokenString">) {
    for (const mark of markTexts) {
      for (const token of vocabulary.tokenize(mark, true)) {
        if ((vocabulary.getTokenAttributes(token) & CONTROL_TOKEN) === 0) continue;
        this.#texts.set(token, vocabulary.getTokenString(token));
      }
    }
  }

  /** Returns the mark that a token represents, or an empty text. */
  textOf(token: number): string {
    return this.#texts.get(token) ?? "";
  }

  /** Whether a text contains one of the marks. */
  isIn(text: string): boolean {
    return [...this.#texts.values()].some((mark) => text.includes(mark));
  }

  /** Returns a text without the marks. */
  without(text: string): string {
    return [...this.#texts.values()].reduce((left, mark) => left.replaceAll(mark, ""), text);
  }
}
