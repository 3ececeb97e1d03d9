/**
 * Returns the number of characters up to the end of the first sentence of a text, with the white space behind it; 0 where it
 * goes on. A line is a sentence, and so is a quotation of several.
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
