import { cutText, nearestName } from "@nanoagent/models";
import { isSameJson } from "../json-schema/check-value.js";
import { isPlainObject } from "../json-schema/is-plain-object.js";

/** Most characters that a pattern is tested on, because regular expressions can take superlinear time. */
const MAX_MATCHED_CHARACTERS = 10_000;

/** The expectation for one argument. */
type ArgumentMatcher =
  | { kind: "exact"; value: unknown }
  | { kind: "range"; from: number; to: number }
  | { kind: "pattern"; pattern: RegExp }
  | { kind: "one-of"; values: readonly unknown[] }
  | { kind: "any" };

const MATCHER_KEYS = ["from", "to", "pattern", "one_of", "any"];

/**
 * Reads the expected value of an argument. A map with a matcher key is a matcher; any other value must match exactly.
 */
export function readMatcher(expected: unknown): ArgumentMatcher | { issue: string } {
  if (!isPlainObject(expected)) return { kind: "exact", value: expected };
  const keys = Object.keys(expected);
  if (!keys.some((key) => MATCHER_KEYS.includes(key))) return { kind: "exact", value: expected };
  const { from, to, pattern, one_of: values, any } = expected;
  switch (keys.sort().join()) {
    case "from,to":
      if (typeof from === "number" && typeof to === "number" && from <= to) return { kind: "range", from, to };
      return { issue: "expected two numbers, the smaller first" };
    case "pattern": {
      const regExp = typeof pattern === "string" ? readPattern(pattern) : null;
      return regExp === null ? { issue: "expected a regular expression" } : { kind: "pattern", pattern: regExp };
    }
    case "one_of":
      return Array.isArray(values) && values.length > 0
        ? { kind: "one-of", values }
        : { issue: "expected a list of accepted values" };
    case "any":
      return any === true ? { kind: "any" } : { issue: "expected true, which accepts any value" };
    default:
      return { issue: "expected {from, to}, {pattern}, {one_of} or {any: true}, and no other key" };
  }
}

/** Suggests a matcher key for a misspelled one, where a map cannot be the value itself. */
export function adviseOnMatcher(expected: unknown): string {
  if (!isPlainObject(expected)) return "";
  const nearest = Object.keys(expected).flatMap((key) => nearestName(key, MATCHER_KEYS) ?? []);
  return nearest.length === 0 ? "" : `: did you mean "${nearest[0]}"?`;
}

/** Compiles a case-insensitive regular expression. Returns null for an invalid one. */
export function readPattern(source: string): RegExp | null {
  for (const flags of ["iu", "i"]) {
    try {
      return new RegExp(source, flags);
    } catch {
      // Without the Unicode flag, more escapes are allowed.
    }
  }
  return null;
}

export function matchesPattern(pattern: RegExp, text: string): boolean {
  return pattern.test(cutText(text, MAX_MATCHED_CHARACTERS));
}

export function matchesArgument(expected: unknown, actual: unknown): boolean {
  const matcher = readMatcher(expected);
  if ("issue" in matcher) return false;
  switch (matcher.kind) {
    case "any":
      return true;
    case "exact":
      return isSameJson(matcher.value, actual);
    case "one-of":
      return matcher.values.some((value) => isSameJson(value, actual));
    case "range":
      return typeof actual === "number" && actual >= matcher.from && actual <= matcher.to;
    case "pattern":
      return matchesPattern(matcher.pattern, typeof actual === "string" ? actual : JSON.stringify(actual));
  }
}
