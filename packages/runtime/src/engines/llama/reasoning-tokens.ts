import { markTexts } from "../reasoning-marks.js";
import { type AddonModel, CONTROL_TOKEN } from "./llama-addon.js";

/** The control tokens of a vocabulary that are marks of thoughts, or parts of marks. They have no text of their own. */
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

  /** Returns the mark that a token is; empty where it is none. */
  textOf(token: number): string {
    return this.#texts.get(token) ?? "";
  }

  /** Whether a text has one of the marks. */
  isIn(text: string): boolean {
    return [...this.#texts.values()].some((mark) => text.includes(mark));
  }

  /** Returns a text without them. */
  without(text: string): string {
    return [...this.#texts.values()].reduce((left, mark) => left.replaceAll(mark, ""), text);
  }
}
