import { plainText } from "./plain-text.js";

/** Lines of `Label:  value`, the values below each other from `column` on. */
export function formatFields(column: number, fields: Record<string, string>): string {
  return Object.entries(fields)
    .map(([label, value]) => `${`${label}:`.padEnd(column)}${plainText(value)}\n`)
    .join("");
}

/** One line of JSON that is safe to show: control characters that JSON leaves as they are, are escaped too. */
export function formatJson(value: unknown): string {
  return `${plainText(JSON.stringify(value))}\n`;
}
