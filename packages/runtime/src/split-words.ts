/** A word as sentences are compared by it, and where it stands in the text. */
export interface Word {
  /** In lower case and in Unicode's compatible form (NFKC). */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Scripts that are written without spaces: each of their characters is a word. */
const unspaced = String.raw`\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}`;

/** A number with its sign, a character of an unspaced script with its marks, or letters; each takes linear time. */
const wordPattern = new RegExp(
  String.raw`(?:(?<![^\s(])[-\u2212])?\p{Nd}+(?:[.,]\p{Nd}+)*|[${unspaced}]\p{M}*|(?:(?![${unspaced}])[\p{L}\p{M}\p{Nl}\p{No}])+`,
  "gu",
);

/**
 * The words of a text, in order. Letter case, punctuation and white space do not count; letters and digits that touch
 * are two words, and so are the parts around an apostrophe.
 */
export function splitWords(text: string): Word[] {
  return splitPlain(text) ?? splitAny(text);
}

function splitAny(text: string): Word[] {
  const words: Word[] = [];
  for (const { 0: found, index } of text.matchAll(wordPattern)) {
    const word = found.normalize("NFKC").replace("\u2212", "-").toLowerCase();
    words.push({ text: word, start: index, end: index + found.length });
  }
  return words;
}

/** The same for ASCII, ten times as fast; null for any other text. A config has tens of thousands of texts. */
function splitPlain(text: string): Word[] | null {
  const words: Word[] = [];
  const isDigitAt = (at: number) => kindAt(text, at) === DIGIT;
  for (let at = 0; at < text.length; ) {
    const start = at;
    const kind = kindAt(text, at);
    if (kind === FOREIGN) return null;
    if (kind === LETTER) {
      while (kindAt(text, at) === LETTER) at += 1;
      words.push({ text: text.slice(start, at).toLowerCase(), start, end: at });
    } else if (
      kind === DIGIT ||
      (text[at] === "-" && isDigitAt(at + 1) && (at === 0 || " \t\n\v\f\r(".includes(text[at - 1] as string)))
    ) {
      at += 1;
      while (isDigitAt(at) || ((text[at] === "." || text[at] === ",") && isDigitAt(at + 1))) at += 1;
      words.push({ text: text.slice(start, at), start, end: at });
    } else {
      at += 1;
    }
  }
  return words;
}

const FOREIGN = -1;
const OTHER = 0;
const LETTER = 1;
const DIGIT = 2;

function kindAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code > 127) return FOREIGN;
  if ((code >= 97 && code <= 122) || (code >= 65 && code <= 90)) return LETTER;
  return code >= 48 && code <= 57 ? DIGIT : OTHER;
}

/**
 * What a word is as a number, with a point or a comma before its decimals; null for anything else. Three digits behind either are no number: nobody knows whether `1,000` is
 * one or a thousand.
 */
export function numberOf(word: string): number | null {
  const match = /^(-?\d+)(?:[.,](\d+))?$/.exec(word);
  if (match === null || match[2]?.length === 3) return null;
  return Number(match[2] === undefined ? match[1] : `${match[1]}.${match[2]}`);
}

/** Would the two run into one word if the first ended, and the second began, without a space between them? */
export function runTogether(before: string, after: string): boolean {
  return splitWords(`${before}${after}`).length < splitWords(before).length + splitWords(after).length;
}
