/**
 * Returns the length of the first complete sentence of a text, including the white space after it, or 0 where it is
 * incomplete. A line counts as a sentence, and so does a quotation of several sentences.
 */
export function sentenceEnd(text: string): number {
  for (const { index, 0: end } of text.matchAll(/\n\s*|[.!?…。！？]+(?:\s?[”»])*["”“»«')\]*_`]*\s+/gu)) {
    const sentence = text.slice(0, index + end.length);
    if (end.startsWith("\n") || !isOpen(sentence)) return sentence.length;
  }
  return 0;
}

/** Whether a quotation has begun in a text and not ended. */
function isOpen(text: string): boolean {
  const count = (mark: string) => text.split(mark).length - 1;
  if (count('"') % 2 === 1 || count("«") > count("»")) return true;
  const low = count("„");
  return low > 0 ? low > count("“") + count("”") : count("“") > count("”");
}
