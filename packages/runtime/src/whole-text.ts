import { endsInHalf } from "@nanoagent/models";

const REPLACEMENT_CHARACTER = "\uFFFD";

/** Returns the text with a replacement character for each half of a character, which strict readers of UTF-8 refuse. */
export function wholeText(text: string): string {
  // Nearly every text is whole, and where the platform can tell, it does so many times faster.
  if ((text as { isWellFormed?: () => boolean }).isWellFormed?.()) return text;
  return text.replace(/\p{Surrogate}/gu, REPLACEMENT_CHARACTER);
}

/** Returns the JSON of a value, all texts and keys in it whole. Undefined and errors as `JSON.stringify` has them. */
export function wholeJson(value: unknown): string {
  const json = JSON.stringify(value);
  // JSON.stringify escapes surrogates only where they are alone.
  const replace = (found: string) => (found.length > 2 ? REPLACEMENT_CHARACTER : found);
  return json?.includes("\\ud") ? json.replace(/\\(?:ud[89a-f][\da-f]{2}|.)/g, replace) : json;
}

/** Returns the same plain data with all its texts and keys whole; data that cannot be written as JSON as it is. */
export function wholeData<Data>(data: Data): Data {
  if (typeof data === "string") return wholeText(data) as Data;
  try {
    const whole = wholeJson(data);
    return whole?.includes(REPLACEMENT_CHARACTER) ? JSON.parse(whole) : data;
  } catch {
    return data;
  }
}

/** A text that comes in pieces, each of them made whole: half of a character waits for its other half. */
export class WholePieces {
  #half = "";

  push(piece: string): string {
    const text = this.#half + piece;
    this.#half = endsInHalf(text) ? text.slice(-1) : "";
    return wholeText(this.#half === "" ? text : text.slice(0, -1));
  }

  /** Returns what was held back, when no more text comes. */
  end(): string {
    const rest = wholeText(this.#half);
    this.#half = "";
    return rest;
  }
}
