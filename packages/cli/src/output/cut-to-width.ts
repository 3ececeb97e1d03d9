import stringWidth from "string-width";

const ELLIPSIS = "…";

/** Columns that a text takes at a terminal: two for each wide character. */
export function displayWidth(text: string): number {
  return stringWidth(text);
}

/** Returns a text that takes at most this many columns. A longer one ends with an ellipsis, after a whole character. */
export function cutToWidth(text: string, columns: number): string {
  return fits(text, columns) ? text : firstColumns(segmentsOf(text), columns - ELLIPSIS.length).join("") + ELLIPSIS;
}

/** Returns a text that takes at most this many columns. A longer one has an ellipsis in its middle, so that its end is seen. */
export function cutInMiddle(text: string, columns: number): string {
  if (fits(text, columns)) return text;
  const segments = segmentsOf(text);
  const room = columns - ELLIPSIS.length;
  const end = firstColumns(segments.toReversed(), Math.floor(room / 2))
    .toReversed()
    .join("");
  return firstColumns(segments, room - stringWidth(end)).join("") + ELLIPSIS + end;
}

function fits(text: string, columns: number): boolean {
  // Most texts have one column for each character.
  return (text.length <= columns && /^[\x20-\x7e]*$/.test(text)) || stringWidth(text) <= columns;
}

function segmentsOf(text: string): string[] {
  return [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
}

/** Returns the first characters that together take at most this many columns. */
function firstColumns(segments: readonly string[], columns: number): string[] {
  let width = 0;
  const beyond = segments.findIndex((segment) => {
    width += stringWidth(segment);
    return width > columns;
  });
  return segments.slice(0, beyond < 0 ? segments.length : beyond);
}
