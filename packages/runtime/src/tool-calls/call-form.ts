/** A call without an id. */
export interface NamedCall {
  readonly name: string;
  readonly arguments: unknown;
}

/** A call in a text, with the positions of its name and arguments: `text.slice(nameStart, nameEnd)` is the name. */
export interface PlacedCall extends NamedCall {
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly argumentsStart: number;
  readonly argumentsEnd: number;
}

/** Consecutive calls in a text, from `start` to `end` including tags. */
export interface DecodedCalls {
  readonly start: number;
  readonly end: number;
  readonly calls: readonly PlacedCall[];
  /** Whether they are enclosed in marks that are only used for calls. A bare JSON object is not. */
  readonly isMarked: boolean;
}

/**
 * Notation of arguments that are not one JSON object: `open(key)`, the value, `close`, with `separator` between
 * entries. A value is either a text between `textMark`s or JSON. `words` are the words for true, false and null.
 */
export interface KeyedNotation {
  readonly open: (key: string) => string;
  readonly close: string;
  readonly separator: string;
  /** Mark before and after a text value. */
  readonly textMark: string;
  /** Notation of a text between its marks: literal, or with JSON escapes. */
  readonly textIs: "raw" | "json";
  readonly words: { readonly true: string; readonly false: string; readonly null: string };
}

/**
 * Form in which a family of models writes tool calls.
 *
 * - `encode` writes calls like the family; `decode` of that text returns the same calls for any arguments. A notation
 *   without types returns texts, which the tool's schema converts.
 * - `decode` returns the first calls of a text in this form, or null. `isName` recognizes names of tools; without it, a
 *   sentence about a function would be read as a call. It never throws and runs in linear time.
 * - Tags, white space and key names may differ from those that `encode` writes: the ones of a specific model are read
 *   from its template.
 */
export interface CallForm {
  /** Display name, such as `JSON in tags`. */
  readonly name: string;
  /** Usual beginnings of a call. */
  readonly marks: readonly string[];
  /** Notation of the arguments: one JSON object, or key by key. */
  readonly notation: "json" | KeyedNotation;
  encode(calls: readonly NamedCall[]): string;
  decode(text: string, isName: (name: string) => boolean): DecodedCalls | null;
}

/** Longest text that is searched for calls. Arguments of a tool may have up to 256 KB, but calls are far shorter. */
export const MAX_DECODED_CHARACTERS = 2 ** 16;
