import { MAX_JSON_LEVELS } from "../json/exact-json.js";

/** Largest arguments that a tool accepts. Larger ones are not kept. */
export const MAX_ARGUMENT_CHARACTERS = 256 * 1024;
const MAX_ARGUMENT_PARTS = 10_000;

/**
 * Returns the limit that the arguments of a call exceed, as the end of a sentence, or null. Iterative and bounded, so
 * cycles and deep nesting are safe.
 */
export function tooLarge(given: unknown): string | null {
  let characters = 0;
  let parts = 0;
  const open: [value: unknown, level: number][] = [[given, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, level] = next;
    parts += 1;
    if (typeof value === "string") characters += value.length;
    if (parts > MAX_ARGUMENT_PARTS) return `they have more than ${MAX_ARGUMENT_PARTS} parts.`;
    if (characters > MAX_ARGUMENT_CHARACTERS) return `they have more than ${MAX_ARGUMENT_CHARACTERS} characters.`;
    if (typeof value !== "object" || value === null) continue;
    if (level >= MAX_JSON_LEVELS) return `they are nested deeper than ${MAX_JSON_LEVELS} levels.`;
    for (const key in value) {
      characters += key.length;
      if (open.length > MAX_ARGUMENT_PARTS) return `they have more than ${MAX_ARGUMENT_PARTS} parts.`;
      open.push([(value as Record<string, unknown>)[key], level + 1]);
    }
  }
  return null;
}
