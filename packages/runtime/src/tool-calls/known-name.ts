/** Decorations that models put around the name of a tool: `functions.water`, `water<|channel|>commentary`, `water:0`. */
const before = /^\s*[`"']?(?:(?:functions?|tools?|default_api|api|call|to=functions)[.:/])*/;
const behind = /(?:<\|.*|:\d+|\(\))?[`"'\s]*$/s;

/** Returns the name without what models put around it. */
export function plainName(given: string): string {
  return given.replace(before, "").replace(behind, "");
}

/** Returns the known name that a model means; null where it is that of no tool, or could be that of two. */
export function knownName(given: string, names: readonly string[]): string | null {
  if (names.includes(given)) return given;
  const plain = plainName(given);
  if (names.includes(plain)) return plain;
  const folded = fold(plain);
  const alike = folded === "" ? [] : names.filter((name) => fold(name) === folded);
  return alike.length === 1 ? (alike[0] ?? null) : null;
}

/** Letter case, and what stands between the words of a name, tells no two tools apart. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.\s]/g, "");
}
