import { objectOf, parseJson } from "./json/read-json.js";

/** Keys under which servers put messages for people, most informative first. */
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
/** Most levels of errors nested inside errors and inside strings. */
const MAX_LEVELS = 5;

/**
 * Returns the message in an error body, in any of the shapes that servers use, or null if it has no readable message,
 * as in an HTML page.
 */
export function findServerMessage(body: string): string | null {
  const value = parseJson(body);
  if (value !== undefined) return findWords(value);
  return body.trim() === "" || body.trimStart().startsWith("<") ? null : body;
}

/** Returns the message for people in a value, or null. */
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
