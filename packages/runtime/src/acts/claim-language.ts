/** Patterns of one language for claims that something was or will be done. All of them expect lowercase text. */
export interface ClaimLanguage {
  /** BCP 47 code of the language. */
  readonly code: string;
  readonly forms: readonly ClaimForm[];
  /** Words before a claim in the same clause that cancel it: conditions, negations, reported speech. */
  readonly unreal: RegExp;
  /** Conditions after a promise that turn it into an offer. */
  readonly conditions: RegExp;
  /** Polite endings that are not conditions, such as "let me know if you need more". */
  readonly politeEnd: RegExp;
  /** Requests for a text in which anything may be claimed: a story, a translation, an example. */
  readonly fiction: RegExp;
  /** Beginnings of questions, with or without a question mark. */
  readonly questions: RegExp;
  /** Frequent words that few other languages share. They identify the language of a message. */
  readonly words: readonly string[];
  /** Sentence for the user when nothing was done. */
  readonly nothingDone: string;
}

export interface ClaimForm {
  /**
   * `report` says that something was done, `promise` that it is about to be done, and `done` only that all is done.
   * `state` describes a state, which is a claim where the message requested it.
   */
  readonly kind: "report" | "promise" | "done" | "state";
  readonly pattern: RegExp;
  /** Sentences in which the pattern is not a claim, matched as a whole. */
  readonly unless?: RegExp | undefined;
}

/** Compiles a pattern of whole words. A blank in `source` matches any white space. */
export function phrase(source: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${source.replaceAll(" ", "\\s+")})(?![\\p{L}\\p{N}])`, "gu");
}

/** Compiles a pattern for a whole sentence, after words of agreement and before punctuation. */
export function whole(agreement: string, source: string): RegExp {
  const blank = (text: string) => text.replaceAll(" ", "\\s+");
  return new RegExp(`^(?:(?:${blank(agreement)})[\\s,.!:;…–—-]+)*(?:${blank(source)})[^\\p{L}\\p{N}]*$`, "gu");
}
