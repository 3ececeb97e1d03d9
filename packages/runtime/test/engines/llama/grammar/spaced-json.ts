/** Writes a value as JSON in the grammar's format, with one space after each comma and colon. */
export function spacedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const properties = Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${spacedJson(inner)}`);
  return `{${properties.join(", ")}}`;
}
