/** A decimal number: `digits` × 10^`exponent`. */
interface ExactDecimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/** Returns the shortest decimal that reads back as the finite number `value`. A text is taken literally. */
function exactDecimal(value: number | string): ExactDecimal {
  const [mantissa = "", exponent = "0"] = String(value).toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

/** Returns the largest integer ≤ `value` × 10^`places`. */
export function floorAt(value: number, places: number): bigint {
  const { digits, exponent } = exactDecimal(value);
  const shift = exponent + places;
  return shift >= 0 ? digits * 10n ** BigInt(shift) : floorDivide(digits, 10n ** BigInt(-shift));
}

/** Returns the smallest integer ≥ `value` × 10^`places`. */
export function ceilAt(value: number, places: number): bigint {
  return -floorAt(-value, places);
}

export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}

/** Whether `value` is an integer multiple of `step`, computed exactly on their decimal notation. */
export function isMultipleOf(value: number | string, step: number): boolean {
  const left = exactDecimal(value);
  const right = exactDecimal(step);
  const exponent = Math.min(left.exponent, right.exponent);
  const scaled = ({ digits, exponent: own }: ExactDecimal) => digits * 10n ** BigInt(own - exponent);
  return scaled(left) % scaled(right) === 0n;
}

/** Returns k where `value` is 10^k, otherwise null. */
export function powerOfTen(value: number): number | null {
  const { digits, exponent } = exactDecimal(value);
  const text = String(digits);
  return /^10*$/.test(text) ? exponent + text.length - 1 : null;
}

/** Returns the exponent of a positive `value` in scientific notation. */
export function floorLog10(value: number): number {
  const { digits, exponent } = exactDecimal(value);
  return String(digits).length - 1 + exponent;
}
