/** A call before it has an id. */
export interface NamedCall {
  readonly name: string;
  readonly arguments: unknown;
}

/** A call in a text, with the places of its name and of its arguments: `text.slice(nameStart, nameEnd)` is the name. */
export interface PlacedCall extends NamedCall {
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly argumentsStart: number;
  readonly argumentsEnd: number;
}

/** Calls that follow one another in a text, which has them between `start` and `end`, tags included. */
export interface DecodedCalls {
  readonly start: number;
  readonly end: number;
  readonly calls: readonly PlacedCall[];
  /** Whether they stand between marks that are written for calls alone: a bare JSON object has none. */
  readonly isMarked: boolean;
}

/**
 * Notation of arguments that are not one JSON object: `open(key)`, the value, `close`, with `separator` between two. A
 * value is text as it is, between `textMark`s, or else JSON; `words` are the words for true, false and null.
 */
export interface KeyedNotation {
  readonly open: (key: string) => string;
  readonly close: string;
  readonly separator: string;
  /** Text before and after a value that is a text. */
  readonly textMark: string;
  /** How a text is written between its marks: JSON's escapes, or as it is. */
  readonly textIs: "raw" | "json";
  readonly words: { readonly true: string; readonly false: string; readonly null: string };
}

/**
 * Form in which a family of models writes calls of tools.
 *
 * - `encode` returns calls as the family writes them; `decode` of that text returns the same calls, whatever their
 *   arguments. A notation that has no types returns texts, which the tool's schema converts.
 * - `decode` returns the first calls of a text in this form, and null where it has none. `isName` says which names are
 *   those of tools: without it a sentence about a function would be a call. It never throws, and takes time in proportion
 *   to the text.
 * - Tags, white space and the names of keys may differ from those that `encode` writes: what a model at hand uses is read
 *   off its template.
 */
export interface CallForm {
  /** Name for people, such as `JSON in tags`. */
  readonly name: string;
  /** Texts with which a call usually begins. */
  readonly marks: readonly string[];
  /** How the arguments are written: one JSON object, or key by key. */
  readonly notation: "json" | KeyedNotation;
  encode(calls: readonly NamedCall[]): string;
  decode(text: string, isName: (name: string) => boolean): DecodedCalls | null;
}

/** Longest text in which calls are looked for: the arguments of a tool are at most 256 KB, and calls are shorter by far. */
export const MAX_DECODED_CHARACTERS = 2 ** 16;
