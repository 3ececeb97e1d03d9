/** Lenient readers of a server's JSON: a value of an unexpected shape counts as absent. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses a JSON text. Returns undefined where it is invalid. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function objectOf(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** Reads an integer ≥ 0, or returns null. */
export function countOf(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** Reads a context size in tokens: a positive integer, or null. */
export function contextOf(value: unknown): number | null {
  return countOf(value) || null;
}

/** Returns the entries of a list. A single object without a list counts as one entry. */
export function itemsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return Object.keys(objectOf(value)).length === 0 ? [] : [value];
}
