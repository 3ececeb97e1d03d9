/** JSON text in which nothing looks like a tag. */
export function jsonWithoutTags(value: unknown): string {
  return (JSON.stringify(value) ?? "null").replaceAll("<", "\\u003c").replaceAll(">", "\\u003e");
}

/** Key as it is written: as it is where it is a word, else as JSON. */
export function writeKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : jsonWithoutTags(key);
}

export function readKey(text: string): string {
  const key = text.trim();
  return unquoted(key) ?? key;
}

/** The text that a JSON text in quotation marks stands for; null where it is not one. */
function unquoted(text: string): string | null {
  if (!text.startsWith('"') || !text.endsWith('"') || text.length < 2) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}

/** Value of a notation without types as it is written: a text as it is unless that could be read as anything else. */
export function writeUntyped(value: unknown): string {
  if (typeof value !== "string") return jsonWithoutTags(value);
  return value.trimStart().startsWith('"') || /<\/?(?:parameter|function|invoke|tool_call|arg_)/.test(value)
    ? jsonWithoutTags(value)
    : value;
}

/** The value that such a text stands for: objects and lists are data, all else is a text that the schema converts. */
export function readUntyped(text: string): unknown {
  const quoted = unquoted(text.trim());
  if (quoted !== null) return quoted;
  return text;
}
