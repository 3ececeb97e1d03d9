/**
 * Returns the end of a part of `text` that begins at `from` and has at most `maxCharacters`: a paragraph or line break
 * in its second half if there is one, and never inside a surrogate pair.
 */
export function endOfPart(text: string, from: number, maxCharacters: number): number {
  if (text.length - from <= maxCharacters) return text.length;
  const within = text.slice(from, from + maxCharacters);
  for (const boundary of ["\n\n", "\n"]) {
    const at = within.lastIndexOf(boundary);
    if (at >= maxCharacters / 2) return from + at + boundary.length;
  }
  return from + (/[\uD800-\uDBFF]$/.test(within) ? maxCharacters - 1 : maxCharacters);
}
