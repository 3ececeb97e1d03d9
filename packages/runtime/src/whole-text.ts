import { endsInHalf } from "@nanoagent/models";

const REPLACEMENT_CHARACTER = "\uFFFD";

/** Replaces lone surrogates with a replacement character, because strict UTF-8 readers reject them. */
export function wholeText(text: string): string {
  // Nearly every text is well-formed. The platform's check, where available, is many times faster.
  if ((text as { isWellFormed?: () => boolean }).isWellFormed?.()) return text;
  return text.replace(/\p{Surrogate}/gu, REPLACEMENT_CHARACTER);
}

/**
 * Returns the JSON of a value, with all strings and keys well-formed. Like `JSON.stringify` for undefined and errors.
 */
export function wholeJson(value: unknown): string {
  const json = JSON.stringify(value);
  // JSON.stringify escapes only lone surrogates.
  const replace = (found: string) => (found.length > 2 ? REPLACEMENT_CHARACTER : found);
  return json?.includes("\\ud") ? json.replace(/\\(?:ud[89a-f][\da-f]{2}|.)/g, replace) : json;
}

/** Returns the same plain data with well-formed strings and keys. Returns data that cannot be JSON unchanged. */
export function wholeData<Data>(data: Data): Data {
  if (typeof data === "string") return wholeText(data) as Data;
  try {
    const whole = wholeJson(data);
    return whole?.includes(REPLACEMENT_CHARACTER) ? JSON.parse(whole) : data;
  } catch {
    return data;
  }
}

/** Makes a text that arrives in pieces well-formed. A high surrogate waits for its low surrogate. */
export class WholePieces {
  #half = "";

  push(piece: string): string {
    const text = this.#half + piece;
    this.#half = endsInHalf(text) ? text.slice(-1) : "";
    return wholeText(this.#half === "" ? text : text.slice(0, -1));
  }

  /** Returns the held surrogate at the end of the text. */
  end(): string {
    const rest = wholeText(this.#half);
    this.#half = "";
    return rest;
  }
}
