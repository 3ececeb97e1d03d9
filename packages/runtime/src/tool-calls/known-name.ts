/**
 * Prefixes and suffixes that models add to the name of a tool: `functions.water`, `water<|channel|>commentary`,
 * `water:0`.
 */
const before = /^\s*[`"']?(?:(?:functions?|tools?|default_api|api|call|to=functions)[.:/])*/;
const behind = /(?:<\|.*|:\d+|\(\))?[`"'\s]*$/s;

/** Returns the name without such prefixes and suffixes. */
export function plainName(given: string): string {
  return given.replace(before, "").replace(behind, "");
}

/** Returns the known name that a model means, or null where no name or more than one matches. */
export function knownName(given: string, names: readonly string[]): string | null {
  if (names.includes(given)) return given;
  const plain = plainName(given);
  if (names.includes(plain)) return plain;
  const folded = fold(plain);
  const alike = folded === "" ? [] : names.filter((name) => fold(name) === folded);
  return alike.length === 1 ? (alike[0] ?? null) : null;
}

/** Folds letter case and separators, which do not distinguish tools. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.\s]/g, "");
}
