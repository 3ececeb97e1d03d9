import { readNumber } from "../read-number.js";
import { splitWords, type Word } from "../split-words.js";
import { isWordForOne, multiplierOf, numberOfWord } from "./number-words.js";

/** A number in a message with its unit. */
export interface SaidNumber {
  value: number;
  unit: Unit | null;
  /** Index of its first word, and of the word after its last one. */
  first: number;
  end: number;
}

export type Unit = (typeof unitWords)[number][0] | "other";

const unitWords = [
  ["second", /^(?:s|sec|secs|second|seconds|sekunden?|seconde|secondes|segundos?|secondi|secondo)$/],
  ["minute", /^(?:min|mins|minute|minutes|minuten|minutos?|minuti|minuto)$/],
  ["hour", /^(?:h|hr|hrs|hour|hours|stunden?|heures?|horas?|ore|ora)$/],
  ["day", /^(?:day|days|tage?n?|jours?|dias?|giorn[oi])$/],
  ["degree", /^(?:c|f|celsius|fahrenheit|degrees?|grad|degres?|grados?|gradi)$/],
  ["percent", /^(?:percent|prozent|pourcent|porcentaje|percento|cento|ciento)$/],
  ["milliliter", /^(?:ml|millilit(?:er|re)s?|mililitros?|millilitr[oi])$/],
  ["liter", /^(?:l|lit(?:er|re)s?|litern|litros?|litr[oi])$/],
  ["gram", /^(?:g|gr|gram(?:m|me|s)?s?|gramos?|gramm[oi])$/],
  ["kilogram", /^(?:kg|kilos?|kilogram(?:m|me)?s?|kilogramos?|chil[oi]|chilogramm[oi])$/],
  ["millimeter", /^(?:mm|millimet(?:er|re)s?|milimetros?|millimetr[oi])$/],
  ["centimeter", /^(?:cm|zentimeter|centimet(?:er|re)s?|centimetros?|centimetr[oi])$/],
  ["meter", /^(?:m|met(?:er|re)s?|metros?|metr[oi])$/],
] as const;

/** Convertible units: the quantity, and the size in its smallest unit. */
const sizes: Partial<Record<Unit, readonly [kind: string, size: number]>> = {
  second: ["time", 1],
  minute: ["time", 60],
  hour: ["time", 3600],
  day: ["time", 86_400],
  milliliter: ["volume", 1],
  liter: ["volume", 1000],
  gram: ["mass", 1],
  kilogram: ["mass", 1000],
  millimeter: ["length", 1],
  centimeter: ["length", 10],
  meter: ["length", 1000],
};
const halves = /^(?:half|halbe[nrs]?|demi|demie|media|medio|mezz[oa]|mezzora)$/;
const quarters = /^(?:quarter|viertel|quart|cuarto|quarto|viertelstunde)$/;
const joins = /^(?:and|und|et|y|e|a|an|of|d|de|di)$/;

/** Returns the numbers of a message, in digits or words, in order. */
export function saidNumbers(words: readonly Word[]): SaidNumber[] {
  const numbers: SaidNumber[] = [];
  for (let at = 0; at < words.length; ) {
    const found = numberAt(words, at);
    if (found === null) at += 1;
    else {
      numbers.push(found);
      at = found.end;
    }
  }
  return numbers;
}

function numberAt(words: readonly Word[], at: number): SaidNumber | null {
  const word = words[at] as Word;
  if (word.kind === "number" || word.kind === "hyphenated") {
    if (isPartOfName(words, at)) return null;
    const value = readNumber(word.text, "en") ?? readNumber(word.text);
    return value === null ? null : withUnit(words, value, at, at + 1);
  }
  const plain = unaccented(word.text);
  if (halves.test(plain)) return partAt(words, at, 0.5);
  if (quarters.test(plain)) return partAt(words, at, quartersBefore(words, at) / 4);
  const said = numberInWords(words, at);
  if (said !== null) {
    const next = unaccented(words[said.end]?.text ?? "");
    if (said.value < 10 && quarters.test(next)) return partAt(words, said.end, said.value / 4);
    return withUnit(words, said.value, at, said.end);
  }
  if (!isWordForOne(word.text)) return null;
  if (/^(?:more|mehr|weitere[rsn]?|encore|de plus|más|altr[oa]|in)$/.test(words[at + 1]?.text ?? "")) {
    return { value: 1, unit: null, first: at, end: at + 1 };
  }
  if (words[at + 1] !== undefined && halves.test(unaccented((words[at + 1] as Word).text))) return null;
  const one = withUnit(words, 1, at, at + 1);
  return one.unit === null || one.unit === "other" ? null : one;
}

/** Examples: twenty five, eight thousand five hundred, quince mil. */
function numberInWords(words: readonly Word[], at: number): { value: number; end: number } | null {
  let total = 0;
  let current: number | null = null;
  let end = at;
  for (; end < words.length; end++) {
    const { text } = words[end] as Word;
    const factor = multiplierOf(text);
    const value = factor === null ? numberOfWord(text) : null;
    if (factor !== null && (current !== null || total > 0 || end === at)) {
      const counted: number = (current ?? 1) * factor;
      if (factor === 1000) total += counted;
      current = factor === 1000 ? null : counted;
    } else if (value !== null && fitsBehind(current, total, value)) current = (current ?? 0) + value;
    else break;
  }
  return end === at ? null : { value: total + (current ?? 0), end };
}

/**
 * Whether `value` continues a number: ones after tens, less than a hundred after hundreds, hundreds after thousands.
 */
function fitsBehind(current: number | null, total: number, value: number): boolean {
  if (current === null) return total === 0 || value < 1000;
  if (current >= 100 && current % 100 === 0) return value < 100;
  return current >= 20 && current < 100 && current % 10 === 0 && value < 10;
}

/** Whether digits touch letters that are not a unit: 3D, v2, A4. */
function isPartOfName(words: readonly Word[], at: number): boolean {
  const word = words[at] as Word;
  const [before, after] = [words[at - 1], words[at + 1]];
  if (before?.end === word.start && before.kind === "word") return true;
  return after?.start === word.end && after.kind === "word" && unitOf(after.text) === undefined;
}

/** Whether a word is a unit of measurement. */
export function isUnitWord(word: string): boolean {
  return unitOf(word) !== undefined;
}

function unitOf(word: string): Unit | undefined {
  const plain = unaccented(word);
  return unitWords.find(([, pattern]) => pattern.test(plain))?.[0];
}

/** Examples: half an hour, eine halbe Stunde, une demi-heure, a quarter of an hour. */
function partAt(words: readonly Word[], at: number, part: number): SaidNumber | null {
  if (/stunde$/.test(words[at]?.text ?? "")) return { value: part, unit: "hour", first: at, end: at + 1 };
  let end = at + 1;
  while (joins.test(words[end]?.text ?? "") && end < at + 3) end += 1;
  const found = withUnit(words, part, at, end);
  if (found.unit !== null && found.unit !== "other") return found;
  return part < 0.5 || part > 0.5 ? { value: part * 100, unit: "percent", first: at, end: at + 1 } : null;
}

function quartersBefore(words: readonly Word[], at: number): number {
  return numberOfWord(words[at - 1]?.text ?? "") === 3 ? 3 : 1;
}

function withUnit(words: readonly Word[], whole: number, first: number, from: number): SaidNumber {
  // Examples: seventeen and a half, zweieinhalb.
  const hasHalf =
    joins.test(words[from]?.text ?? "") &&
    [1, 2].find((more) => halves.test(unaccented(words[from + more]?.text ?? "")));
  const [value, end] = hasHalf ? [whole + 0.5, from + hasHalf + 1] : [whole, from];
  const next = words[end];
  if (next === undefined) return { value, unit: null, first, end };
  const plain = unaccented(next.text);
  // Examples: 25 per cento, pour cent, por ciento.
  const skip = /^(?:per|pour|por)$/.test(plain) ? 1 : 0;
  const unitWord = skip === 0 ? plain : unaccented(words[end + 1]?.text ?? "");
  const unit: Unit | undefined =
    unitWord === "cent" ? "percent" : unitWords.find(([, pattern]) => pattern.test(unitWord))?.[0];
  if (unit !== undefined) return withHalfBehind(words, { value, unit, first, end: end + 1 + skip });
  const isCounted = next.kind === "word" && next.text.length > 2;
  if (isCounted && joins.test(words[end + 1]?.text ?? "")) {
    const { value: more, end: behind } = withHalfBehind(words, { value, unit: "other", first, end: end + 1 });
    if (more !== value) return { value: more, unit: "other", first, end: behind };
  }
  return { value, unit: isCounted ? "other" : null, first, end };
}

/** Examples: cinque minuti e mezzo, two hours and a half. */
function withHalfBehind(words: readonly Word[], number: SaidNumber): SaidNumber {
  const { end } = number;
  if (!joins.test(words[end]?.text ?? "")) return number;
  const more = [1, 2].find((offset) => halves.test(unaccented(words[end + offset]?.text ?? "")));
  return more === undefined ? number : { ...number, value: number.value + 0.5, end: end + more + 1 };
}

/** Converts a number to another unit of the same quantity. A number without a unit is not changed. */
export function toUnit({ value, unit }: SaidNumber, wanted: Unit | null): number {
  const from = unit === null ? undefined : sizes[unit];
  const to = wanted === null ? undefined : sizes[wanted];
  return from === undefined || to === undefined ? value : (value * from[1]) / to[1];
}

/** Whether a stated unit fits a value: it is the same, of the same quantity, or one of the two is unknown. */
export function fitsUnit({ unit }: SaidNumber, wanted: Unit | null): boolean {
  if (unit === null || unit === "other" || wanted === null) return true;
  return unit === wanted || (sizes[unit] !== undefined && sizes[unit]?.[0] === sizes[wanted]?.[0]);
}

/** Returns the unit that a description mentions (`duration_minutes`, `in degrees Celsius`), or null. */
export function unitNamed(text: string): Unit | null {
  for (const { text: word } of splitWords(
    text.replaceAll("_", " ").replaceAll("%", " percent ").replaceAll("°", " degrees "),
  )) {
    if (word.length < 3) continue;
    const unit = unitWords.find(([, pattern]) => pattern.test(unaccented(word)))?.[0];
    if (unit !== undefined) return unit;
  }
  return /temperature/i.test(text) ? "degree" : null;
}

function unaccented(word: string): string {
  return word.normalize("NFD").replace(/\p{M}/gu, "");
}
