/** A number as JSON would write it: `digits` × 10^`exponent`. */
interface ExactDecimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/** The shortest decimal that reads back as `value`, which must be finite; of a text, what is written. */
function exactDecimal(value: number | string): ExactDecimal {
  const [mantissa = "", exponent = "0"] = String(value).toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

/** The largest integer that is not above `value` × 10^`places`. */
export function floorAt(value: number, places: number): bigint {
  const { digits, exponent } = exactDecimal(value);
  const shift = exponent + places;
  return shift >= 0 ? digits * 10n ** BigInt(shift) : floorDivide(digits, 10n ** BigInt(-shift));
}

/** The smallest integer that is not below `value` × 10^`places`. */
export function ceilAt(value: number, places: number): bigint {
  return -floorAt(-value, places);
}

export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}

/** Is `value` a whole number of `step`s, both taken as the decimals that they are written as? */
export function isMultipleOf(value: number | string, step: number): boolean {
  const left = exactDecimal(value);
  const right = exactDecimal(step);
  const exponent = Math.min(left.exponent, right.exponent);
  const scaled = ({ digits, exponent: own }: ExactDecimal) => digits * 10n ** BigInt(own - exponent);
  return scaled(left) % scaled(right) === 0n;
}

/** The k of a number that is 10^k, or null. */
export function powerOfTen(value: number): number | null {
  const { digits, exponent } = exactDecimal(value);
  const text = String(digits);
  return /^10*$/.test(text) ? exponent + text.length - 1 : null;
}

/** The exponent that `value`, above 0, has when it is written with one digit before the point. */
export function floorLog10(value: number): number {
  const { digits, exponent } = exactDecimal(value);
  return String(digits).length - 1 + exponent;
}
