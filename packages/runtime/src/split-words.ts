import { type Folding, foldCase } from "./fold-case.js";
import { apostropheLetters, apostrophes, plainMark, quoteLetters } from "./substituted-marks.js";

/** A normalized word, and its position in the text. */
export interface Word {
  /** In lower case and in Unicode's compatible form, with the digits of any script as 0 to 9. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /**
   * `number` for digits with their sign, `mark` for an adjacent character that may change the meaning of digits,
   * `hyphenated` for digits that a hyphen, point or comma connects to letters: the hyphen may be a minus sign or not.
   */
  readonly kind: "word" | "number" | "hyphenated" | "mark";
}

/** Scripts that are written without spaces. Each of their characters is a word. */
const unspaced = String.raw`\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}`;
/** Units that are a single character. */
const units = `℃℉‰‱㎀-㏟`;

/** Characters that are letters in Unicode, but that people see as marks or blanks between words. */
const betweenWords = `${apostropheLetters}${quoteLetters}\\u3164\\uFFA0`;

/** Digits with separators, a character of an unspaced script with its marks, or letters. Matches in linear time. */
const wordPattern = new RegExp(
  String.raw`(?<number>\p{Nd}+(?:[.,٫٬${apostrophes}\u00A0\u2007\u2009\u202F]\p{Nd}+)*[¼-¾⅐-⅞]?|[¼-¾⅐-⅞])|[${unspaced}][\p{M}\uFF9E\uFF9F]*|\p{No}+|[${units}]|(?:(?![${unspaced}${betweenWords}\uFE00-\uFE0F\u20E3])[\p{L}\p{M}\p{Nl}][\u00AD\u200D\u2060\uFEFF]*)+`,
  "gu",
);

/**
 * Returns the words of a text, in order. Ignores letter case, punctuation and white space, except for marks beside
 * digits. Adjacent letters and digits are two words, and so are the parts around an apostrophe.
 */
export function splitWords(text: string, folding: Folding = "plain"): Word[] {
  return folding === "plain" && /^[ -/:-~\s]*$/.test(text) ? splitLetters(text) : splitAny(text, folding);
}

/** Fast path for ASCII text without digits. A config has tens of thousands of texts. */
function splitLetters(text: string): Word[] {
  const words: Word[] = [];
  for (let at = 0; at < text.length; at++) {
    const start = at;
    while (isLetterAt(text, at)) at += 1;
    if (at > start) words.push({ text: text.slice(start, at).toLowerCase(), start, end: at, kind: "word" });
  }
  return words;
}

function isLetterAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at) | 32;
  return code >= 97 && code <= 122;
}

interface Found {
  found: string;
  start: number;
  isNumber: boolean;
}

function splitAny(text: string, folding: Folding): Word[] {
  const tokens = [...text.matchAll(wordPattern)].map(
    ({ 0: found, index, groups }): Found => ({ found, start: index, isNumber: groups?.number !== undefined }),
  );
  const words: Word[] = [];
  const addMarks = (marks: readonly Mark[], offset: number) => {
    for (const { text: mark, at } of marks) {
      words.push({ text: mark, start: offset + at, end: offset + at + mark.length, kind: "mark" });
    }
  };
  let end = 0;
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1];
    const gap = text.slice(end, token.start);
    const { marks, sign, point, isTied } = readGap(gap, before ?? null, token);
    addMarks(marks, end);
    end = token.start + token.found.length;
    if (!token.isNumber) {
      for (const word of wordsOf(token.found, folding))
        words.push({ text: word, start: token.start, end, kind: "word" });
      continue;
    }
    const digits = `${sign ? "-" : ""}${point ? "0." : ""}${plainDigits(token.found)}`;
    const start = token.start - (point ? 1 : 0) - (sign ? sign.length : 0);
    words.push({ text: digits, start, end, kind: isTied ? "hyphenated" : "number" });
  }
  addMarks(readGap(text.slice(end), tokens.at(-1) ?? null, null).marks, end);
  return words;
}

const isUnit = new RegExp(`^[${units}]$`, "u");
/** A mark that is part of one letter, such as ŉ and ŀ. */
const innerMark = new RegExp(String.raw`[^\p{L}\p{M}\p{N}]+|[${betweenWords}]+`, "u");

/** Returns the words of a run of letters: one or none. For a unit such as ℃, only its letters count. */
function wordsOf(found: string, folding: Folding): string[] {
  if (folding === "plain" && /^[a-z]+$/i.test(found)) return [found.toLowerCase()];
  if (/^\p{No}/u.test(found)) return [found];
  const folded = foldCase(found, folding);
  const words = isUnit.test(found) ? [folded.replace(/°/gu, "")] : folded.split(innerMark);
  return words.filter((word) => word !== "");
}

interface Mark {
  text: string;
  at: number;
}

interface Gap {
  marks: Mark[];
  sign: string;
  point: boolean;
  isTied: boolean;
}

const noGap: Gap = { marks: [], sign: "", point: false, isTied: false };
const minus = String.raw`\-\u2010-\u2013\u2212\u02D7\uFE63\uFF0D`;
const signPattern = new RegExp(String.raw`([${minus}+\uFE62\uFF0B]?)(\.?)$`, "u");
const isMinus = new RegExp(`[${minus}]`, "u");
/**
 * Characters that may be next to a number without changing it: quotes, brackets, currencies, degrees, percent, emoji.
 */
const harmless =
  /["'«»‹›「」『』()[\]{}（）!?！？¿¡؟#@$€£¥₽₹%٪°…]|(?![✖➕-➗])\p{Extended_Pictographic}|[\uFE0F\u20E3\u200E\u200F\u061C\u202A-\u202E\u2066-\u2069]/u;
/** Additional harmless characters after a number, if only such characters follow up to the next space. */
const harmlessAfter = /[.,;:。．，、।॥۔։،؛]/u;
/** Additional harmless characters between spaces, before a number. */
const harmlessAlone = /[.,;:=&。，、،؛]/u;

/** Determines how the characters between two words affect the numbers next to them. */
function readGap(gap: string, before: Found | null, after: Found | null): Gap {
  if (gap === "" || (!before?.isNumber && !after?.isNumber)) return noGap;
  const all = () => marksOf(gap, 0, () => false);
  const firstSpace = gap.search(/\s/u);
  if (before?.isNumber && after?.isNumber && firstSpace < 0) return { ...noGap, marks: all() };
  const lastSpace = gap.length - (/\S*$/u.exec(gap)?.[0].length ?? 0);
  const marks: Mark[] = [];
  if (before?.isNumber) {
    const attached = firstSpace < 0 ? gap : gap.slice(0, firstSpace);
    const endsHere = after === null || firstSpace >= 0;
    // As in "5-minute": a hyphen before letters is not a sign after a number.
    if (endsHere || !/^[-\u2010\u2011]$/u.test(attached)) {
      marks.push(...marksOf(attached, 0, (one) => harmless.test(one) || (endsHere && harmlessAfter.test(one))));
    }
  }
  if (!after?.isNumber) {
    // A minus may also follow its number.
    if (after === null && firstSpace >= 0) {
      marks.push(...marksOf(gap.slice(firstSpace), firstSpace, (one) => harmless.test(one) || harmlessAfter.test(one)));
    }
    return { ...noGap, marks };
  }
  if (lastSpace > 0) {
    const from = Math.max(firstSpace, 0);
    const isDashed = before !== null && !before.isNumber && /[\p{Pd}\u2212]/u.test(gap.slice(0, from));
    const alone = before?.isNumber ? /[,;&]/u : harmlessAlone;
    marks.push(
      ...marksOf(
        gap.slice(isDashed ? 0 : from, lastSpace),
        isDashed ? 0 : from,
        (one) => harmless.test(one) || alone.test(one),
      ),
    );
  }
  const attached = gap.slice(lastSpace);
  const touchesLetters = before !== null && lastSpace === 0;
  const [, sign = "", point = ""] = signPattern.exec(attached) ?? [];
  const rest = attached.slice(0, attached.length - sign.length - point.length);
  if (touchesLetters && /^[.,\p{Pd}\u2212]$/u.test(attached)) return { ...noGap, marks, isTied: true };
  const unknown = marksOf(rest, lastSpace, (one) => harmless.test(one) || (touchesLetters && /[:=]/u.test(one)));
  // A sign that touches letters may or may not be a hyphen: "a-.5".
  if (unknown.length > 0 || (touchesLetters && rest === "" && sign !== "")) {
    return { ...noGap, marks: [...marks, ...marksOf(attached, lastSpace, (one) => harmless.test(one))] };
  }
  return { marks, sign: isMinus.test(sign) ? sign : "", point: point !== "", isTied: false };
}

/** Returns each character that is neither white space nor harmless, as typed. */
function marksOf(text: string, offset: number, isHarmless: (character: string) => boolean): Mark[] {
  const marks: Mark[] = [];
  let at = offset;
  for (const character of text) {
    const plain = plainMark(character);
    if (!/\s/u.test(character) && !isHarmless(character) && !isHarmless(plain)) {
      for (const mark of plain) marks.push({ text: mark, at });
    }
    at += character.length;
  }
  return marks;
}

const isApostrophe = new RegExp(`[${apostrophes}]`, "gu");

/** Converts the digits of one script to 0 to 9. Digits of mixed scripts stay unchanged and are not a number. */
function plainDigits(written: string): string {
  const zeros = new Set<number>();
  const plain = written
    .replace(/[\u2007\u2009\u202F]/gu, "\u00A0")
    .replace(isApostrophe, "'")
    .replace(/\p{Nd}/gu, (digit) => {
      const code = digit.codePointAt(0) as number;
      if (code < 128) {
        zeros.add(48);
        return digit;
      }
      const zero = zeroBefore(code);
      zeros.add(zero);
      return String((code - zero) % 10);
    });
  return zeros.size > 1 ? written : plain;
}

/** Unicode lists the digits of a script consecutively, from zero on. Some of these ranges are adjacent. */
function zeroBefore(code: number): number {
  let first = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1;
  return code - ((code - first) % 10);
}

/** Whether the two texts would merge into one word at their boundary without a space between them. */
export function runTogether(before: string, after: string): boolean {
  return splitWords(`${before}${after}`).length < splitWords(before).length + splitWords(after).length;
}
