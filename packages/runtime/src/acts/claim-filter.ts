import type { Claim } from "./claims-act.js";
import { sentenceEnd } from "./sentence-end.js";
import type { TextFilter } from "./text-filter.js";

/** Most characters of a sentence that are held back. Of a longer sentence, the beginning is shown. */
const MAX_HELD_CHARACTERS = 300;
/** Characters that stay held back when the beginning of a long sentence is shown: a claim may start in them. */
const KEPT_CHARACTERS = 80;
/** Most characters to wait for after a claim, because a call may follow. */
const MAX_CHARACTERS_AFTER_CLAIM = 400;

/**
 * Holds back each sentence of a reply until it is complete and contains no claim. Sentences are held up to
 * {@link MAX_HELD_CHARACTERS}, so a reply appears sentence by sentence. Nothing is shown from the first claim on. Code
 * blocks are shown unchecked.
 */
export class ClaimFilter implements TextFilter {
  readonly #judge: (sentence: string) => Claim | null;
  #held = "";
  #claim: Claim | null = null;
  #isReleased = false;
  #isCode = false;

  constructor(judge: (sentence: string) => Claim | null) {
    this.#judge = judge;
  }

  get claim(): Claim | null {
    return this.#claim;
  }

  get isDecided(): boolean {
    return this.#claim !== null && this.#held.length > MAX_CHARACTERS_AFTER_CLAIM;
  }

  push(text: string): string {
    if (this.#isReleased) return text;
    this.#held += text;
    let shown = "";
    while (this.#claim === null) {
      const end = sentenceEnd(this.#held);
      if (end > 0) shown += this.#take(end, end);
      else if (this.#held.length > MAX_HELD_CHARACTERS) {
        const most = this.#held.length - KEPT_CHARACTERS;
        const blank = this.#held.lastIndexOf(" ", most);
        shown += this.#take(this.#held.length, blank > KEPT_CHARACTERS ? blank : most);
      } else break;
    }
    return shown;
  }

  finish(): string {
    return this.#isReleased || this.#claim !== null ? "" : this.#take(this.#held.length, this.#held.length);
  }

  release(): string {
    this.#isReleased = true;
    this.#claim = null;
    const held = this.#held;
    this.#held = "";
    return held;
  }

  reset(): void {
    this.#claim = null;
    this.#held = "";
    this.#isCode = false;
  }

  /** Judges the first characters held back. Returns those to show, which is an empty string for a claim. */
  #take(judged: number, shownCharacters: number): string {
    const sentence = this.#held.slice(0, judged);
    if (/^\s*(?:```|~~~)/u.test(sentence)) this.#isCode = !this.#isCode;
    else if (!this.#isCode) this.#claim = this.#judge(sentence);
    if (this.#claim !== null) return "";
    const shown = this.#held.slice(0, shownCharacters);
    this.#held = this.#held.slice(shownCharacters);
    return shown;
  }
}
