import type { NumberBound, NumberDemands } from "../../../../json-schema/demands.js";
import { ceilAt, floorAt, floorDivide, floorLog10, powerOfTen } from "../../../../json-schema/exact-decimal.js";
import { MAX_EXPONENT, MAX_SIGNIFICANT_DIGITS } from "../../../../json-schema/grammar-limits.js";
import type { SchemaNode } from "../../../../json-schema/schema-node.js";
import { SchemaNotSupportedError } from "../../../../json-schema/schema-not-supported-error.js";
import { anyDigits, digitsBetween, fractionBetween } from "./digits-between.js";
import { choice } from "./grammar-rules.js";

/** Larger integers are not all distinguishable in JavaScript. */
const LARGEST_INTEGER = BigInt(Number.MAX_SAFE_INTEGER);

const LARGEST_DIGITS = 10n ** BigInt(MAX_SIGNIFICANT_DIGITS) - 1n;

/**
 * Returns sequences for the numbers, or only the integers, that satisfy `demands`, compared digit by digit. Empty if
 * there are none. `nodes` are the sources of the demands.
 */
export function writeNumber(demands: NumberDemands, integer: boolean, nodes: readonly SchemaNode[]): string[] {
  const exponents = demands.steps.map((step) => {
    const exponent = powerOfTen(step);
    if (exponent !== null) return exponent;
    throw refusal(nodes, "multipleOf", `is ${step}: only powers of ten are supported`, "Use 1, 10, 0.1 and so on.");
  });
  const step = Math.max(...exponents, integer ? 0 : Number.NEGATIVE_INFINITY);
  if (step >= 0) return integers(demands, step, nodes);
  return Number.isFinite(step) ? decimalsOfStep(demands, -step, nodes) : anyDecimals(demands, nodes);
}

function integers(demands: NumberDemands, step: number, nodes: readonly SchemaNode[]): string[] {
  const { lowest, highest } = range(demands, 0, LARGEST_INTEGER, nodes);
  const size = 10n ** BigInt(step);
  const zeros = step === 0 ? "" : ` "${"0".repeat(step)}"`;
  return withSign(-floorDivide(-lowest, size), floorDivide(highest, size), (low, high) => {
    const zero = low === 0n ? ['"0"'] : [];
    return high === 0n ? zero : [...zero, `${wholeBetween(larger(low, 1n), high)}${zeros}`];
  });
}

function decimalsOfStep(demands: NumberDemands, places: number, nodes: readonly SchemaNode[]): string[] {
  if (places >= MAX_SIGNIFICANT_DIGITS) throw refusal(nodes, "multipleOf", "is too small to be enforced exactly");
  // The total number of digits must be small enough that the parsed number is still a multiple.
  const { lowest, highest } = range(demands, places, LARGEST_DIGITS, nodes);
  return withSign(lowest, highest, (low, high) => decimalsBetween(low, high, places));
}

function anyDecimals(demands: NumberDemands, nodes: readonly SchemaNode[]): string[] {
  const exponential = [
    ...exponentials(demands).map((sequence) => sequence),
    ...exponentials(negated(demands)).map((sequence) => `"-" ${sequence}`),
  ];
  const places = placesFor(demands);
  const largest = (LARGEST_DIGITS + 1n) * 10n ** BigInt(places) - 1n;
  const { lowest, highest } = range(demands, places, largest, exponential.length === 0 ? nodes : null);
  return [...withSign(lowest, highest, (low, high) => decimalsBetween(low, high, places)), ...exponential];
}

/** Digits after the point, few enough that no two decimals near a bound parse to the same number. */
function placesFor({ minimum, maximum }: NumberDemands): number {
  const largest = Math.max(Math.abs(minimum?.value ?? 0), Math.abs(maximum?.value ?? 0));
  return Math.max(0, MAX_SIGNIFICANT_DIGITS - 1 - (largest < 1 ? 0 : floorLog10(largest)));
}

/** Sequences for positive numbers such as 6.02e23 whose exponents lie entirely within the bounds. */
function exponentials({ minimum, maximum }: NumberDemands): string[] {
  if (maximum !== null && maximum.value <= 0) return [];
  const first = minimum === null || minimum.value <= 0 ? -MAX_EXPONENT : exponentFrom(minimum);
  const last = maximum === null ? MAX_EXPONENT : floorLog10(maximum.value) - 1;
  const exponents = withExponentSign(Math.max(first, -MAX_EXPONENT), Math.min(last, MAX_EXPONENT));
  if (exponents === null) return [];
  return [`[1-9] ("." [0-9]{1,${MAX_SIGNIFICANT_DIGITS - 1}})? [eE] ${exponents}`];
}

function exponentFrom({ value, exclusive }: NumberBound): number {
  return powerOfTen(value) === null || exclusive ? floorLog10(value) + 1 : floorLog10(value);
}

function withExponentSign(first: number, last: number): string | null {
  const alternatives: string[] = [];
  const between = (low: number, high: number) => `"0"? ${wholeBetween(BigInt(low), BigInt(high))}`;
  if (last >= 0 && first <= last) alternatives.push(`"+"? ${between(Math.max(first, 0), last)}`);
  if (first < 0 && first <= last) alternatives.push(`"-" ${between(Math.max(-last, 1), -first)}`);
  return alternatives.length === 0 ? null : choice(alternatives);
}

function negated({ minimum, maximum, steps }: NumberDemands): NumberDemands {
  const negate = (bound: NumberBound | null) => bound && { ...bound, value: -bound.value };
  return { minimum: negate(maximum), maximum: negate(minimum), steps };
}

/**
 * Returns the bounds in units of 10^-places, limited to the supported range. With `nodes`, an empty result is an error.
 */
function range(demands: NumberDemands, places: number, largest: bigint, nodes: readonly SchemaNode[] | null) {
  const { minimum, maximum } = demands;
  const lowest = minimum === null ? -largest : lowestAt(minimum, places);
  const highest = maximum === null ? largest : highestAt(maximum, places);
  if (nodes !== null && lowest > largest) throw refusal(nodes, "minimum", "is beyond the exact range");
  if (nodes !== null && highest < -largest) throw refusal(nodes, "maximum", "is beyond the exact range");
  return { lowest: larger(lowest, -largest), highest: smaller(highest, largest) };
}

function lowestAt({ value, exclusive }: NumberBound, places: number): bigint {
  return exclusive ? floorAt(value, places) + 1n : ceilAt(value, places);
}

function highestAt({ value, exclusive }: NumberBound, places: number): bigint {
  return exclusive ? ceilAt(value, places) - 1n : floorAt(value, places);
}

/** Writes a range by combining its negative and positive magnitudes. */
function withSign(lowest: bigint, highest: bigint, write: (low: bigint, high: bigint) => string[]): string[] {
  const positive = highest >= 0n && lowest <= highest ? write(larger(lowest, 0n), highest) : [];
  const negative = lowest < 0n && lowest <= highest ? write(larger(-highest, 1n), -lowest) : [];
  return [...positive, ...negative.map((sequence) => `"-" ${sequence}`)];
}

/** Sequences for the decimals from `low` to `high`, both in units of 10^-places. */
function decimalsBetween(low: bigint, high: bigint, places: number): string[] {
  if (places === 0) return [wholeBetween(low, high)];
  const scale = 10n ** BigInt(places);
  const none = "0".repeat(places);
  const all = "9".repeat(places);
  const [lowWhole, highWhole] = [low / scale, high / scale];
  const lowFraction = String(low % scale).padStart(places, "0");
  const highFraction = String(high % scale).padStart(places, "0");
  const at = (whole: bigint, from: string, to: string) => `"${whole}" ${fraction(from, to)}`;
  if (lowWhole === highWhole) return [at(lowWhole, lowFraction, highFraction)];
  const sequences: string[] = [];
  if (lowFraction !== none) sequences.push(at(lowWhole, lowFraction, all));
  if (highFraction !== all) sequences.push(at(highWhole, none, highFraction));
  const first = lowFraction === none ? lowWhole : lowWhole + 1n;
  const last = highFraction === all ? highWhole : highWhole - 1n;
  if (first <= last) sequences.push(`${wholeBetween(first, last)} ${fraction(none, all)}`);
  return sequences;
}

function fraction(low: string, high: string): string {
  const digits = `"." ${fractionBetween(low, high)}`;
  return /^0*$/.test(low) ? `(${digits})?` : digits;
}

/** Expression for the integers from `low` (not negative) to `high`, without leading zeros. */
function wholeBetween(low: bigint, high: bigint): string {
  if (low === 0n) return high === 0n ? '"0"' : choice(['"0"', wholeBetween(1n, high)]);
  const [lowDigits, highDigits] = [String(low), String(high)];
  if (lowDigits.length === highDigits.length) return digitsBetween(lowDigits, highDigits);
  const alternatives: string[] = [];
  const lowIsFirst = /^10*$/.test(lowDigits);
  const highIsLast = /^9*$/.test(highDigits);
  if (!lowIsFirst) alternatives.push(digitsBetween(lowDigits, "9".repeat(lowDigits.length)));
  const shortest = lowIsFirst ? lowDigits.length : lowDigits.length + 1;
  const longest = highIsLast ? highDigits.length : highDigits.length - 1;
  if (shortest <= longest) alternatives.push(`[1-9] ${anyDigits(shortest - 1, longest - 1)}`.trimEnd());
  if (!highIsLast) alternatives.push(digitsBetween(`1${"0".repeat(highDigits.length - 1)}`, highDigits));
  return choice(alternatives);
}

function larger(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}

function smaller(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}

function refusal(nodes: readonly SchemaNode[], keyword: string, what: string, hint?: string): SchemaNotSupportedError {
  const node = nodes.find(({ impliedTypes }) => impliedTypes.has("number"));
  return SchemaNotSupportedError.at({ path: node?.path ?? "", keyword, what, hint });
}
