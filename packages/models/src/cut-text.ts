/** Returns the first characters of a text, at most this many UTF-16 units, and never half of a character. */
export function cutText(text: string, maxCharacters: number): string {
  const cut = text.slice(0, Math.max(0, maxCharacters));
  return endsInHalf(cut) ? cut.slice(0, -1) : cut;
}

/** Whether a text ends in the first half of a character, whose other half may follow. */
export function endsInHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
}
