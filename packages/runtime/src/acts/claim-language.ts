/** How one language claims that something was done, or will be. All patterns are for text in small letters. */
export interface ClaimLanguage {
  /** BCP 47 code of the language. */
  readonly code: string;
  readonly forms: readonly ClaimForm[];
  /** Words before a claim, in its clause, that take it back: conditions, negations, what somebody else said. */
  readonly unreal: RegExp;
  /** Conditions behind a promise that make an offer of it. */
  readonly conditions: RegExp;
  /** Polite ends of a sentence, such as "let me know if you need more", which make no condition. */
  readonly politeEnd: RegExp;
  /** Messages that ask for a text in which somebody may claim anything: a story, a translation, an example. */
  readonly fiction: RegExp;
  /** Beginnings of questions, also without a question mark. */
  readonly questions: RegExp;
  /** Frequent words that few other languages have: they tell the language of a message. */
  readonly words: readonly string[];
  /** Sentence for a user for whom nothing was done. */
  readonly nothingDone: string;
}

export interface ClaimForm {
  /**
   * `report` says that something was done, `promise` that it is about to be, `done` only that all is done, and `state` how
   * things stand, which is a claim where the message asked for that.
   */
  readonly kind: "report" | "promise" | "done" | "state";
  readonly pattern: RegExp;
  /** The whole sentence for which the pattern claims nothing. */
  readonly unless?: RegExp | undefined;
}

/** Makes a pattern of whole words from its source, in which a blank stands for any white space. */
export function phrase(source: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${source.replaceAll(" ", "\\s+")})(?![\\p{L}\\p{N}])`, "gu");
}

/** Makes a pattern of a whole sentence, behind words of agreement and before marks. */
export function whole(agreement: string, source: string): RegExp {
  const blank = (text: string) => text.replaceAll(" ", "\\s+");
  return new RegExp(`^(?:(?:${blank(agreement)})[\\s,.!:;…–—-]+)*(?:${blank(source)})[^\\p{L}\\p{N}]*$`, "gu");
}
