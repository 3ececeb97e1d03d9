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

/** Stands for a line break where a message of several lines is shown on one. */
const BREAK = "⏎";

/** Returns a message as one line, for the arrow keys. */
export function asOneLine(message: string): string {
  return message.replaceAll("\n", BREAK);
}

/** Returns the message that one line stands for. */
export function fromOneLine(line: string): string {
  return line.replaceAll(BREAK, "\n");
}
