import { apostrophes, quotes } from "../substituted-marks.js";

/** Opening marks by closing mark. */
const openersOf: Partial<Record<string, string>> = {
  ")": "(",
  "]": "[",
  "}": "{",
  "»": "«»",
  "«": "»",
  "›": "‹›",
  "‹": "›",
  "”": "“„”",
  "“": "„“",
  "’": "‘‚",
  "‘": "‚",
  "」": "「",
  "』": "『",
  "）": "（",
  '"': '"',
  "'": "'",
  "＂": "＂",
  "＇": "＇",
  "`": "`",
  "〞": "〝",
  "〟": "〝",
};
const attachedBefore = new RegExp(String.raw`^(?:[,;:.!?…、。：，${apostrophes}]+|\p{Pd}(?=\p{L}))`, "u");
const attachedBehind = new RegExp(String.raw`[${apostrophes}\p{Pd}]$`, "u");
const quotesAlone = new RegExp(`^[${apostrophes}${quotes}«»]*$`, "u");

/**
 * Returns the free text between two words of a sentence, from `start` to `end`, as written but without the punctuation
 * of the surrounding words and without the mark that ends the message. Empty where nothing remains.
 */
export function freeText(message: string, start: number, end: number): string {
  let text = message.slice(start, end);
  text = start === 0 ? text.replace(/^[\s¿¡]+/u, "") : withoutBeginning(text).trimStart();
  return end === message.length ? withoutEnd(text, message.slice(0, start)) : withoutJoint(text);
}

/** Removes marks of the previous word: the colon of "note: milk", the apostrophe of "l'eau". */
function withoutBeginning(text: string): string {
  const spaced = /^(?:(?!\p{Extended_Pictographic})[\p{P}\p{S}])+(?=\s)/u.exec(text);
  return text.slice((spaced ?? attachedBefore.exec(text))?.[0].length ?? 0);
}

/** Removes marks that lead to the next word: a comma, a dash, an opening bracket. */
function withoutJoint(text: string): string {
  const attached = /\s$/u.test(text) ? text : text.replace(attachedBehind, "");
  const opened = trimEndOf(attached, /[\s¿¡]/u).replace(/(?<=^|\s)[([{"'“„‘«‹「『（]+$/u, "");
  const dashed = trimEndOf(opened, /\s/u).replace(/(?<=^|\s)\p{Pd}+$/u, "");
  return trimEndOf(dashed, /[\s,;:、，،؛：]/u);
}

function withoutEnd(text: string, before: string): string {
  for (let rest = text; ; ) {
    const marked = withoutEndMark(trimEndOf(rest, /\s/u));
    const closed = withoutOuterCloser(marked, before);
    // Quotation marks alone are not a text.
    if (closed === rest) return quotesAlone.test(closed) ? "" : withoutOpeningMark(closed, text);
    rest = closed;
  }
}

const endMark = /[\p{Sentence_Terminal}…‥,،，、\u037E]/u;
const otherEndMark = /(?!\.)[\p{Sentence_Terminal}…‥,،，、\s\u037E]/u;

/** Removes the mark that ends a sentence, but not the period of an abbreviation (a.m.) or a path (../..). */
function withoutEndMark(text: string): string {
  const trimmed = trimEndOf(/\p{sc=Grek};$/u.test(text.slice(-2)) ? text.slice(0, -1) : text, otherEndMark);
  const rest = trimEndOf(trimmed, endMark);
  const run = trimmed.slice(rest.length);
  if (/^\.{1,2}$/u.test(run) && (/[\\/]$/u.test(rest) || (run === ".." && /(?:^|\s)$/u.test(rest)))) {
    return trimmed;
  }
  const isAbbreviated = run.startsWith(".") && /(?:^|[^\p{L}.])\p{L}(?:\.\p{L})+$/u.test(rest.slice(-40));
  return isAbbreviated ? `${rest}.` : trimEndOf(rest, /\s/u);
}

/** Removes a closing bracket or quote that was opened before the text, because it encloses the whole sentence. */
function withoutOuterCloser(text: string, before: string): string {
  const closer = text.at(-1) ?? "";
  const openers = openersOf[closer];
  if (openers === undefined) return text;
  const isOpen = (part: string) => {
    const count = (one: string) => part.split(one).length - 1;
    const others = [...openers].filter((opener) => opener !== closer).reduce((sum, opener) => sum + count(opener), 0);
    return others === 0 && openers.includes(closer) ? count(closer) % 2 === 1 : others > count(closer);
  };
  return isOpen(before) && !isOpen(text.slice(0, -1)) ? text.slice(0, -1) : text;
}

/** Spanish marks both ends of a sentence: where the end mark was removed, the opening mark is removed as well. */
function withoutOpeningMark(text: string, written: string): string {
  const mark = text[0] === "¿" ? "?" : text[0] === "¡" ? "!" : null;
  return mark !== null && !text.includes(mark) && written.includes(mark) ? text.slice(1).trimStart() : text;
}

/** Trims characters from the end. A pattern would try every position of a long run. */
function trimEndOf(text: string, pattern: RegExp): string {
  let end = text.length;
  while (end > 0 && pattern.test(text[end - 1] as string)) end -= 1;
  return text.slice(0, end);
}
