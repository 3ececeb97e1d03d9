import {
  Attributes,
  Callable,
  compare,
  Float,
  isEqual,
  itemsOf,
  numberOf,
  requireItems,
  textOf,
  typeOf,
  type Value,
} from "./python-value.js";
import { TemplateError } from "./template-error.js";
import type { TemplateMeter } from "./template-meter.js";

type Test = (value: Value, args: readonly Value[], meter: TemplateMeter) => boolean;

const integer = (value: Value): number => {
  const number = numberOf(value);
  if (number !== null) return number;
  throw new TemplateError(`${typeOf(value)} is not a number`);
};
const ordered =
  (fits: (order: number) => boolean): Test =>
  (value, [other], meter) =>
    fits(compare(value, other, meter));
const equal: Test = (value, [other], meter) => isEqual(value, other, meter);
const unequal: Test = (value, [other], meter) => !isEqual(value, other, meter);
const below = ordered((order) => order < 0);
const above = ordered((order) => order > 0);
const most = ordered((order) => order <= 0);
const least = ordered((order) => order >= 0);

const tests: Readonly<Record<string, Test>> = {
  boolean: (value) => typeof value === "boolean",
  callable: (value) => value instanceof Callable || (value instanceof Attributes && value.call !== null),
  defined: (value) => value !== undefined,
  undefined: (value) => value === undefined,
  divisibleby: (value, [other]) => integer(value) % integer(other) === 0,
  eq: equal,
  equalto: equal,
  "==": equal,
  ne: unequal,
  "!=": unequal,
  lt: below,
  lessthan: below,
  "<": below,
  gt: above,
  greaterthan: above,
  ">": above,
  le: most,
  "<=": most,
  ge: least,
  ">=": least,
  in: (value, [items], meter) => isIn(value, items, meter),
  even: (value) => integer(value) % 2 === 0,
  odd: (value) => Math.abs(integer(value) % 2) === 1,
  true: (value) => value === true,
  false: (value) => value === false,
  none: (value) => value === null,
  float: (value) => value instanceof Float,
  integer: (value) => typeof value === "number",
  number: (value) => numberOf(value) !== null,
  string: (value) => typeof value === "string",
  mapping: (value) => value instanceof Map,
  iterable: (value, _, meter) => itemsOf(value, meter) !== null,
  sequence: (value) => value === undefined || typeof value === "string" || Array.isArray(value) || value instanceof Map,
  sameas: (value, [other]) => value === other,
  lower: (value, _, meter) => isInCase(textOf(value, meter), "lower"),
  upper: (value, _, meter) => isInCase(textOf(value, meter), "upper"),
  escaped: () => false,
  filter: () => true,
  test: (value) => typeof value === "string" && Object.hasOwn(tests, value),
};

function isInCase(text: string, wanted: "lower" | "upper"): boolean {
  const same = wanted === "lower" ? text.toLowerCase() : text.toUpperCase();
  return text === same && text.toLowerCase() !== text.toUpperCase();
}

/** Whether a value passes a test. Throws {@link TemplateError} for an unknown test. */
export function passesTest(name: string, value: Value, args: readonly Value[], meter: TemplateMeter): boolean {
  const test = Object.hasOwn(tests, name) ? tests[name] : undefined;
  if (test === undefined) throw new TemplateError(`the test "${name}" is unknown`);
  return test(value, args, meter);
}

/** Whether a value is in another, like Python's `in`. */
export function isIn(value: Value, container: Value, meter: TemplateMeter): boolean {
  if (typeof container === "string") {
    if (typeof value === "string") return container.includes(value);
    throw new TemplateError(`${typeOf(value)} cannot be in a text`);
  }
  if (container instanceof Map) {
    meter.step();
    return isKey(value) && container.has(value);
  }
  return requireItems(container, meter).some((item) => isEqual(item, value, meter));
}

function isKey(value: Value): value is string | number | boolean | null {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}
