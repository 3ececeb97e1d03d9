import { malformed } from "./malformed.js";

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const CARRIAGE_RETURN = 0x0d;
const isSpace = (byte: number | undefined) => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;

/**
 * Returns the value of one line of JSON. Throws `FleetError` (`bundle-malformed`) for bytes that are not UTF-8, for an end in
 * CRLF, and for a key that an object has twice, because programs disagree on the value that counts. `place` names the line.
 */
export function parseJson(bytes: Uint8Array, place: string): unknown {
  // JSON allows it, but a copy with other ends of lines would have another hash.
  if (bytes.at(-1) === CARRIAGE_RETURN) throw malformed(`Its ${place} ends in CRLF instead of LF.`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw malformed(`Its ${place} is not UTF-8.`, error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(`Its ${place} is not JSON.`, error);
  }
  if (countKeys(bytes) !== countProperties(value)) throw malformed(`Its ${place} has the same key twice.`);
  return value;
}

/** Counts the keys in the text of valid JSON. */
function countKeys(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] !== QUOTE) continue;
    at += 1;
    while (bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
    while (isSpace(bytes[at + 1])) at += 1;
    if (bytes[at + 1] === COLON) count += 1;
  }
  return count;
}

/** Counts the keys of the objects in a value. */
function countProperties(value: unknown): number {
  let count = 0;
  // A growing list instead of recursion: hostile text nests deeper than the stack.
  const values = [value];
  for (let next = values.pop(); next !== undefined; next = values.pop()) {
    if (typeof next !== "object" || next === null) continue;
    if (!Array.isArray(next)) count += Object.keys(next).length;
    for (const inner of Object.values(next)) values.push(inner);
  }
  return count;
}
