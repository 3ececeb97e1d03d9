/** Of a skill's text at once: a few pages, and less than is shown of any tool's result. */
export const MAX_PART_CHARACTERS = 6000;

/** A text in parts of at most so many characters, cut between lines where there are any. */
export function skillParts(text: string, maxCharacters = MAX_PART_CHARACTERS): string[] {
  const parts: string[] = [];
  let rest = text;
  while (rest.length > maxCharacters) {
    const end = endOfPart(rest, maxCharacters);
    parts.push(rest.slice(0, end));
    rest = rest.slice(end).replace(/^\n+/, "");
  }
  if (rest !== "" || parts.length === 0) parts.push(rest);
  return parts;
}

/** The last paragraph's end, else line's end, in the second half; else wherever no character is torn apart. */
function endOfPart(text: string, maxCharacters: number): number {
  const within = text.slice(0, maxCharacters);
  for (const boundary of ["\n\n", "\n"]) {
    const at = within.lastIndexOf(boundary);
    if (at >= maxCharacters / 2) return at;
  }
  return /[\uD800-\uDBFF]$/.test(within) ? maxCharacters - 1 : maxCharacters;
}
