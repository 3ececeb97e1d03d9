/** Tags of all families: `<tool_call>`, `<|tool_call|>`, `<tool_call|>`, `[TOOL_CALLS]`. */
const TAG = "<[^<>\\s]{1,60}>|\\[/?[A-Z][A-Z_]{1,40}\\]";
const tagAtEnd = new RegExp(`(?:${TAG})$`);
const tagAtStart = new RegExp(`^(?:${TAG})`);
/** Longest tag, including its brackets. */
const MAX_TAG_CHARACTERS = 62;
/** Closing tags, and tags of thoughts. */
const isNoOpening = /^<\/|^\[\/|think|thought|reason/i;
/** Words in tags around calls. */
const callWords = /tool|func|call|action|invoke|python_tag/i;

/** A part of a text, from `start` to before `end`. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** Returns the opening tag before a position, ignoring white space, or null. */
export function tagBefore(text: string, end: number): Part | null {
  let at = end;
  while (at > 0 && /\s/.test(text[at - 1] as string)) at -= 1;
  const found = tagAtEnd.exec(text.slice(Math.max(0, at - MAX_TAG_CHARACTERS), at));
  return found === null || isNoOpening.test(found[0]) ? null : { start: at - found[0].length, end: at };
}

/** Returns the tag after a position, ignoring white space, or null. */
export function tagAfter(text: string, start: number): Part | null {
  const at = skipSpace(text, start);
  const found = tagAtStart.exec(text.slice(at, at + MAX_TAG_CHARACTERS));
  return found === null ? null : { start: at, end: at + found[0].length };
}

/** Whether a tag encloses calls, by the words in it. */
export function isCallTag(tag: string): boolean {
  return callWords.test(tag) && !/respon|result|output|think/i.test(tag);
}

/** Returns the index of the first character from `start` on that is not white space. */
export function skipSpace(text: string, start: number): number {
  let at = start;
  while (at < text.length && /\s/.test(text[at] as string)) at += 1;
  return at;
}
