import { splitWords } from "../split-words.js";
import { saidNumbers, toUnit } from "./said-numbers.js";
import type { ArgumentProperty } from "./stated-arguments.js";

const more =
  /^(?:more|longer|higher|warmer|brighter|louder|up|extra|mehr|länger|höher|wärmer|heller|lauter|plus|más|più|davantage)$/;
const less =
  /^(?:less|fewer|shorter|lower|cooler|colder|darker|quieter|down|weniger|kürzer|niedriger|kälter|dunkler|leiser|moins|menos|meno)$/;

/** Applies a stated change (`two degrees more`) to an earlier number. Returns null where no change is stated. */
export function changedNumber(property: ArgumentProperty, earlier: unknown, message: string): number | null {
  if (property.kind !== "number" || typeof earlier !== "number") return null;
  const words = splitWords(message);
  const sign = words.some(({ text }) => more.test(text)) ? 1 : words.some(({ text }) => less.test(text)) ? -1 : 0;
  const [number] = saidNumbers(words);
  if (sign === 0 || number === undefined) return null;
  const value = earlier + sign * toUnit(number, property.unit);
  const { minimum, maximum } = property;
  return (minimum !== null && value < minimum) || (maximum !== null && value > maximum) ? null : value;
}
