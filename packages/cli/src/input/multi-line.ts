const QUOTES = '"""';

/** Whether a message begins with `"""` and is not closed yet. */
export function isOpenQuote(text: string): boolean {
  const trimmed = text.trimStart();
  if (!trimmed.startsWith(QUOTES)) return false;
  return !trimmed.slice(QUOTES.length).trimEnd().endsWith(QUOTES);
}

/** Returns a message without the `"""` around it. */
export function unquote(text: string): string {
  const trimmed = text.trim();
  const isQuoted = trimmed.startsWith(QUOTES) && trimmed.endsWith(QUOTES) && trimmed.length >= 2 * QUOTES.length;
  return isQuoted ? trimmed.slice(QUOTES.length, -QUOTES.length).replace(/^\n|\n$/g, "") : text;
}
