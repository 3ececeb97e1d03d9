import { plainText } from "./plain-text.js";

/** Formats lines of `Label:  value`, with the values aligned at `column`. */
export function formatFields(column: number, fields: Record<string, string>): string {
  return Object.entries(fields)
    .map(([label, value]) => `${`${label}:`.padEnd(column)}${plainText(value)}\n`)
    .join("");
}

/** Formats one line of JSON that is safe for terminals: also escapes control characters that JSON leaves unescaped. */
export function formatJson(value: unknown): string {
  return `${plainText(JSON.stringify(value))}\n`;
}
