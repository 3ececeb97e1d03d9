import stringWidth from "string-width";

const ELLIPSIS = "…";

/** Columns that a text takes at a terminal: two for each wide character. */
export function displayWidth(text: string): number {
  return stringWidth(text);
}

/** Returns a text that takes at most this many columns. A longer one ends with an ellipsis, after a whole character. */
export function cutToWidth(text: string, columns: number): string {
  // Most texts have one column for each character.
  if (text.length <= columns && /^[\x20-\x7e]*$/.test(text)) return text;
  if (stringWidth(text) <= columns) return text;
  let cut = "";
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += stringWidth(segment);
    if (width > columns - ELLIPSIS.length) break;
    cut += segment;
  }
  return cut + ELLIPSIS;
}
