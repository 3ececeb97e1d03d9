import { formatPercent } from "./format-text.js";
import { joinTexts, keyOf, methodOf } from "./python-methods.js";
import {
  Attributes,
  charactersOf,
  compare,
  Float,
  isEqual,
  numberOf,
  requireItems,
  Tuple,
  textOf,
  typeOf,
  type Value,
} from "./python-value.js";
import { TemplateError } from "./template-error.js";
import type { TemplateMeter } from "./template-meter.js";
import { isIn } from "./template-tests.js";

/** Returns an attribute of a value: a method, or else an item of this name. */
export function attributeOf(of: Value, name: string, meter: TemplateMeter): Value {
  if (of === undefined) throw new TemplateError(`cannot read "${name}" of an undefined value`);
  if (of instanceof Attributes) return of.values.get(name);
  const method = methodOf(of, name, meter);
  return method ?? (of instanceof Map ? of.get(name) : undefined);
}

/** Returns an item of a value by key or index. */
export function itemOf(of: Value, key: Value, meter: TemplateMeter): Value {
  if (of === undefined) throw new TemplateError(`cannot read ${textOf(key, meter)} of an undefined value`);
  if (of instanceof Map) {
    const isKey = key === null || ["string", "number", "boolean"].includes(typeof key) || key instanceof Float;
    const value = isKey ? of.get(keyOf(key)) : undefined;
    return value === undefined && typeof key === "string" ? methodOf(of, key, meter) : value;
  }
  if (typeof key === "string") return of instanceof Attributes ? of.values.get(key) : methodOf(of, key, meter);
  const index = numberOf(key);
  if (index === null || !(typeof of === "string" || Array.isArray(of))) return undefined;
  const items: ArrayLike<Value> = typeof of === "string" ? charactersOf(of, meter) : of;
  return items[index < 0 ? items.length + index : index];
}

/** Returns a slice of a sequence, as in `[from:to:step]`. */
export function partOf(of: Value, [from, to, by]: readonly Value[], meter: TemplateMeter): Value {
  if (of === undefined) throw new TemplateError("cannot slice an undefined value");
  const items = typeof of === "string" ? charactersOf(of, meter) : requireItems(of, meter);
  const { length } = items;
  const step = by == null ? 1 : (numberOf(by) ?? 1);
  if (step === 0) throw new TemplateError("the step of a slice is 0");
  const place = (bound: Value, standard: number) => {
    const number = bound == null ? null : numberOf(bound);
    if (number === null) return standard;
    const index = number < 0 ? number + length : number;
    return step > 0 ? Math.min(Math.max(index, 0), length) : Math.min(Math.max(index, -1), length - 1);
  };
  const start = place(from, step > 0 ? 0 : length - 1);
  const end = place(to, step > 0 ? length : -1);
  if (typeof items === "string" && step === 1) return items.slice(start, end);
  const part: Value[] = [];
  for (let index = start; step > 0 ? index < end : index > end; index += step) part.push(items[index]);
  meter.step(part.length);
  if (typeof of === "string") return part.join("");
  return of instanceof Tuple ? Tuple.of(...part) : part;
}

/** Whether a comparison is true. */
export function compares(operator: string, left: Value, right: Value, meter: TemplateMeter): boolean {
  switch (operator) {
    case "==":
      return isEqual(left, right, meter);
    case "!=":
      return !isEqual(left, right, meter);
    case "in":
      return isIn(left, right, meter);
    case "not in":
      return !isIn(left, right, meter);
  }
  const order = compare(left, right, meter);
  if (operator === "<") return order < 0;
  if (operator === ">") return order > 0;
  return operator === "<=" ? order <= 0 : order >= 0;
}

/** Returns the result of an operator. */
export function combine(operator: string, left: Value, right: Value, meter: TemplateMeter): Value {
  if (operator === "~") return joinTexts([left, right], "", meter);
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a !== null && b !== null) {
    const isFloat = left instanceof Float || right instanceof Float || operator === "/" || (operator === "**" && b < 0);
    const number = calculate(operator, a, b);
    return isFloat ? new Float(number) : number;
  }
  if (operator === "+" && typeof left === "string" && typeof right === "string") {
    meter.write(left.length + right.length);
    return left + right;
  }
  if (operator === "+" && Array.isArray(left) && Array.isArray(right)) {
    if (left instanceof Tuple === right instanceof Tuple) {
      meter.step(left.length + right.length);
      return left instanceof Tuple ? Tuple.of(...left, ...right) : [...left, ...right];
    }
  }
  if (operator === "%" && typeof left === "string") {
    const args = right instanceof Tuple ? right : [right];
    return formatPercent(left, args, right instanceof Map ? right : new Map(), meter);
  }
  const times = typeof left === "number" ? left : typeof right === "number" ? right : null;
  const repeated = typeof left === "number" ? right : left;
  if (operator === "*" && times !== null && (typeof repeated === "string" || Array.isArray(repeated))) {
    const count = Math.max(0, times);
    if (typeof repeated === "string") {
      meter.write(repeated.length * count);
      return repeated.repeat(count);
    }
    meter.step(repeated.length * count);
    return Array.from({ length: count }, () => repeated).flat();
  }
  throw new TemplateError(`${operator} cannot combine ${typeOf(left)} and ${typeOf(right)}`);
}

function calculate(operator: string, a: number, b: number): number {
  if (b === 0 && (operator === "/" || operator === "//" || operator === "%")) {
    throw new TemplateError("division by zero");
  }
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "//":
      return Math.floor(a / b);
    case "%":
      return a - b * Math.floor(a / b);
    case "**": {
      const power = a ** b;
      if (!Number.isFinite(power)) throw new TemplateError("a power is too large");
      return power;
    }
  }
  throw new TemplateError(`"${operator}" is unknown`);
}
