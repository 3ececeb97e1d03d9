/** Writes JSON in which nothing looks like a tag. */
export function jsonWithoutTags(value: unknown): string {
  return (JSON.stringify(value) ?? "null").replaceAll("<", "\\u003c").replaceAll(">", "\\u003e");
}

/** Writes a key literally where it is a word, otherwise as JSON. */
export function writeKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : jsonWithoutTags(key);
}

export function readKey(text: string): string {
  const key = text.trim();
  return unquoted(key) ?? key;
}

/** Decodes a JSON string, or returns null where the text is not one. */
function unquoted(text: string): string | null {
  if (!text.startsWith('"') || !text.endsWith('"') || text.length < 2) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}

/** Writes a value in a notation without types. A text is literal unless it could be read as something else. */
export function writeUntyped(value: unknown): string {
  if (typeof value !== "string") return jsonWithoutTags(value);
  return value.trimStart().startsWith('"') || /<\/?(?:parameter|function|invoke|tool_call|arg_)/.test(value)
    ? jsonWithoutTags(value)
    : value;
}

/** Reads a value in that notation as a text, which the schema converts. */
export function readUntyped(text: string): unknown {
  const quoted = unquoted(text.trim());
  if (quoted !== null) return quoted;
  return text;
}
