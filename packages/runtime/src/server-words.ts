import { objectOf, parseJson } from "./json/read-json.js";

/** Keys that servers put words for people under, the more telling ones first. */
const wordKeys = [
  "error",
  "errors",
  "message",
  "detail",
  "details",
  "msg",
  "error_msg",
  "error_message",
  "errorMessage",
  "error_description",
  "reason",
] as const;
/** Errors inside of errors, and inside of texts. */
const MAX_LEVELS = 5;

/**
 * The sentence in the body of an error, of all the shapes that servers use; null where there is none that a person
 * would read, as in a page of HTML.
 */
export function findServerMessage(body: string): string | null {
  const value = parseJson(body);
  if (value !== undefined) return findWords(value);
  return body.trim() === "" || body.trimStart().startsWith("<") ? null : body;
}

/** The words for people in a value; null where it has none. */
export function findWords(value: unknown, levels = MAX_LEVELS): string | null {
  if (levels === 0) return null;
  if (typeof value === "string") {
    const inner = /^\s*[{[]/.test(value) ? parseJson(value) : undefined;
    return (inner === undefined ? null : findWords(inner, levels - 1)) ?? (value.trim() === "" ? null : value);
  }
  if (Array.isArray(value)) return findWords(value[0], levels - 1);
  const fields = objectOf(value);
  for (const key of wordKeys) {
    const found = Object.hasOwn(fields, key) ? findWords(fields[key], levels - 1) : null;
    if (found !== null) return found;
  }
  return null;
}
