/** Returns the beginning of a text, at most `maxCharacters` UTF-16 units, without splitting a surrogate pair. */
export function cutText(text: string, maxCharacters: number): string {
  const cut = text.slice(0, Math.max(0, maxCharacters));
  return endsInHalf(cut) ? cut.slice(0, -1) : cut;
}

/** Whether a text ends with the first half of a surrogate pair. */
export function endsInHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
}
