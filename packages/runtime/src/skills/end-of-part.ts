/**
 * Where a part of a text ends that begins at `from` and has at most so many characters: between paragraphs or lines,
 * where there are any in its second half, and never within a character.
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
