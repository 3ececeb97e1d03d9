/** Most significant digits that a number keeps. A longer text would become a different number. */
const MAX_DIGITS = 15;

const numberPattern = /^(-?)([\d.,'’٫٬\u00A0]*)(\p{No})?$/u;

/**
 * Returns the number that a word of {@link splitWords} spells, or null if it is ambiguous, such as `1,000`, unless the
 * language defines the meaning of points and commas.
 */
export function readNumber(word: string, language: string | null = null): number | null {
  const match = numberPattern.exec(word);
  if (match === null) return null;
  const [, sign, body = "", fraction] = match;
  const whole = body === "" && fraction !== undefined ? 0 : readBody(body, language);
  const part = fraction === undefined ? 0 : readFraction(fraction);
  if (whole === null || part === null || (part !== 0 && !Number.isInteger(whole))) return null;
  const value = whole + part;
  return sign === "-" && value !== 0 ? -value : value;
}

/** `½` is `1⁄2` in Unicode's compatible form. */
function readFraction(character: string): number | null {
  const match = /^(\d+)⁄(\d+)$/u.exec(character.normalize("NFKC"));
  const divisor = Number(match?.[2]);
  return match === null || !(divisor > 0) ? null : Number(match[1]) / divisor;
}

function readBody(body: string, language: string | null): number | null {
  const parts = body.split(/\D/u);
  const separators = body.replace(/\d/gu, "");
  if (parts.includes("") || body.replace(/\D/gu, "").replace(/^0+/u, "").length > MAX_DIGITS) return null;
  const last = separators.at(-1);
  if (last === undefined) return Number(body);
  const before = separators.slice(0, -1);
  const asDecimal = () => Number(`${parts.slice(0, -1).join("")}.${parts.at(-1)}`);
  const asGroups = () => Number(parts.join(""));
  if (before === "") return readOneSeparator(parts, last, language, asDecimal, asGroups);
  const group = before[0] as string;
  if ([...before].some((separator) => separator !== group) || group === "٫") return null;
  if (group === last) return isGrouped(parts) && decimalMark(language) !== group ? asGroups() : null;
  return ".,٫".includes(last) && isGrouped(parts.slice(0, -1)) ? asDecimal() : null;
}

function readOneSeparator(
  parts: readonly string[],
  separator: string,
  language: string | null,
  asDecimal: () => number,
  asGroups: () => number,
): number | null {
  if (separator === "٫") return asDecimal();
  if (separator !== "." && separator !== ",") return isGrouped(parts) ? asGroups() : null;
  const mark = decimalMark(language);
  if (!isGrouped(parts)) {
    // `20,5` is clear in English as well; `1,0000` may be ten thousand.
    const isSlip = mark !== null && mark !== separator && /^[1-9]/u.test(parts[0] ?? "") && (parts[1] ?? "").length > 3;
    return isSlip ? null : asDecimal();
  }
  return mark === null ? null : mark === separator ? asDecimal() : asGroups();
}

/** Whether the parts can be thousands groups: one to three digits, then groups of three. */
function isGrouped([first = "", ...rest]: readonly string[]): boolean {
  return /^[1-9]\d{0,2}$/u.test(first) && rest.every((part) => part.length === 3);
}

const decimalMarks = new Map<string, string | null>();

/** Returns the decimal mark of a language, or null if its countries differ or the language is unknown. */
function decimalMark(language: string | null): string | null {
  if (language === null || /^es$/iu.test(language)) return null;
  const known = decimalMarks.get(language);
  if (known !== undefined) return known;
  let mark: string | null = null;
  try {
    const tag = language.replaceAll("_", "-");
    if (Intl.NumberFormat.supportedLocalesOf(tag).length > 0) {
      const parts = new Intl.NumberFormat(tag, { numberingSystem: "latn" }).formatToParts(1.5);
      mark = parts.find(({ type }) => type === "decimal")?.value ?? null;
    }
  } catch {
    // The text is not a language tag.
  }
  decimalMarks.set(language, mark);
  return mark;
}
