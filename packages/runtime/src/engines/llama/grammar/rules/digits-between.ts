/** Digits that are compared with bounds of the same length. With `mayEnd`, missing digits count as zeros. */
interface DigitRange {
  /** Bounds with the length of the range, or null if any digits are allowed. */
  readonly low: string | null;
  readonly high: string | null;
  readonly length: number;
  readonly mayEnd: boolean;
}

/** Expression for the digits from `low` to `high`, both of the same length. */
export function digitsBetween(low: string, high: string): string {
  return digits({ low, high, length: low.length, mayEnd: false });
}

/**
 * Expression for the digits after a decimal point of a fraction from `low` to `high`, which include all digits. Writes
 * at least one digit and at most as many as `low` has.
 */
export function fractionBetween(low: string, high: string): string {
  return firstDigit({ low, high, length: low.length, mayEnd: true });
}

function digits(range: DigitRange): string {
  const { low, length, mayEnd } = range;
  if (length === 0) return "";
  const some = firstDigit(range);
  if (!mayEnd || (low !== null && !/^0*$/.test(low))) return some;
  return isAnything(range) ? anyDigits(0, length) : `(${some})?`;
}

function firstDigit(range: DigitRange): string {
  const { low, high, length, mayEnd } = range;
  if (isAnything(range)) return anyDigits(mayEnd ? 1 : length, length);
  const first = low === null ? 0 : Number(low[0]);
  const last = high === null ? 9 : Number(high[0]);
  const after = (bounds: { low: string | null; high: string | null }, from: number, to: number) => {
    const rest = digits({ ...bounds, length: length - 1, mayEnd });
    return rest === "" ? digit(from, to) : `${digit(from, to)} ${rest}`;
  };
  const lowRest = low?.slice(1) ?? null;
  const highRest = high?.slice(1) ?? null;
  if (first === last) return after({ low: lowRest, high: highRest }, first, last);
  const alternatives: string[] = [];
  const lowBinds = lowRest !== null && !/^0*$/.test(lowRest);
  const highBinds = highRest !== null && !/^9*$/.test(highRest);
  if (lowBinds) alternatives.push(after({ low: lowRest, high: null }, first, first));
  const from = lowBinds ? first + 1 : first;
  const to = highBinds ? last - 1 : last;
  if (from <= to) alternatives.push(after({ low: null, high: null }, from, to));
  if (highBinds) alternatives.push(after({ low: null, high: highRest }, last, last));
  return alternatives.length === 1 ? alternatives.join("") : `(${alternatives.join(" | ")})`;
}

function isAnything({ low, high }: DigitRange): boolean {
  return (low === null || /^0*$/.test(low)) && (high === null || /^9*$/.test(high));
}

function digit(from: number, to: number): string {
  return from === to ? `"${from}"` : `[${from}-${to}]`;
}

/** Expression for `minimum` to `maximum` digits. Empty if the maximum is 0. */
export function anyDigits(minimum: number, maximum: number): string {
  if (maximum === 0) return "";
  if (maximum === 1) return minimum === 1 ? "[0-9]" : "[0-9]?";
  return minimum === maximum ? `[0-9]{${maximum}}` : `[0-9]{${minimum},${maximum}}`;
}
