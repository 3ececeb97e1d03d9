/** Tags as the families write them: `<tool_call>`, `<|tool_call|>`, `<tool_call|>`, `[TOOL_CALLS]`. */
const TAG = "<[^<>\\s]{1,60}>|\\[/?[A-Z][A-Z_]{1,40}\\]";
const tagAtEnd = new RegExp(`(?:${TAG})$`);
const tagAtStart = new RegExp(`^(?:${TAG})`);
/** Longest tag with its brackets. */
const MAX_TAG_CHARACTERS = 62;
/** The end of something, or the beginning of a thought. */
const isNoOpening = /^<\/|^\[\/|think|thought|reason/i;
/** Words of tags around calls. */
const callWords = /tool|func|call|action|invoke|python_tag/i;

/** A part of a text, from `start` to before `end`. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** Returns the opening tag that ends at this place, with nothing but white space between; null without one. */
export function tagBefore(text: string, end: number): Part | null {
  let at = end;
  while (at > 0 && /\s/.test(text[at - 1] as string)) at -= 1;
  const found = tagAtEnd.exec(text.slice(Math.max(0, at - MAX_TAG_CHARACTERS), at));
  return found === null || isNoOpening.test(found[0]) ? null : { start: at - found[0].length, end: at };
}

/** Returns the tag that begins at this place, behind nothing but white space; null without one. */
export function tagAfter(text: string, start: number): Part | null {
  const at = skipSpace(text, start);
  const found = tagAtStart.exec(text.slice(at, at + MAX_TAG_CHARACTERS));
  return found === null ? null : { start: at, end: at + found[0].length };
}

/** Whether a tag is one that calls stand between, by the words in it. */
export function isCallTag(tag: string): boolean {
  return callWords.test(tag) && !/respon|result|output|think/i.test(tag);
}

/** Returns the index of the first character at or behind `start` that is not white space. */
export function skipSpace(text: string, start: number): number {
  let at = start;
  while (at < text.length && /\s/.test(text[at] as string)) at += 1;
  return at;
}
