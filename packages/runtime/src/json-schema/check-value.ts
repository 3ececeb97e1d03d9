import { ExactNumber } from "../json/exact-number.js";
import { isMultipleOf } from "./exact-decimal.js";
import { isPlainObject } from "./is-plain-object.js";
import type { JsonType, SchemaNode } from "./schema-node.js";

/** One violation of a schema by a value. */
export interface JsonIssue {
  /** JSON Pointer within the value. */
  readonly path: string;
  /** The violated keyword, or null where the value as a whole is wrong. */
  readonly keyword: string | null;
  /** The requirement, without the place: `must be at least 3`. */
  readonly message: string;
}

/** Most issues that are reported for one value. */
const MAX_ISSUES = 20;

/** Deepest level of schemas and values that is checked. The check recurses. */
const MAX_CHECK_LEVELS = 1000;

/** Most steps of one check. Nested alternatives multiply the work. */
const MAX_CHECK_STEPS = 5_000_000;

/** Remaining steps, shared by several checks where they use the same object. */
export interface CheckWork {
  steps: number;
}

/** Returns the violations of `schema` by `value`, at most 20. An empty list means that `value` is valid. */
export function checkValue(schema: SchemaNode, value: unknown, work = { steps: MAX_CHECK_STEPS }): JsonIssue[] {
  const check = new ValueCheck(work);
  check.check(schema, value, { issues: check.issues, path: "", levels: 0 });
  return check.issues.slice(0, MAX_ISSUES);
}

/** A place in the value, and the list that issues found there are added to. */
interface Place {
  readonly issues: JsonIssue[];
  readonly path: string;
  readonly levels: number;
}

class ValueCheck {
  readonly issues: JsonIssue[] = [];
  readonly #work: CheckWork;

  constructor(work: CheckWork) {
    this.#work = work;
  }

  check(node: SchemaNode, value: unknown, place: Place): void {
    if (place.issues.length >= MAX_ISSUES) return;
    const issue = this.#issueOfKind(node, value, place.levels);
    if (issue !== null) {
      report(place, ...issue);
      return;
    }
    if (node.values !== null && !node.values.some((allowed) => isSameJson(allowed, value))) {
      report(place, "enum", `must be ${listed(node.values.map((allowed) => JSON.stringify(allowed)))}`);
    }
    if (typeof value === "number") checkNumber(node, value, place);
    else if (value instanceof ExactNumber) checkExactNumber(node, value, place);
    if (typeof value === "string") checkString(node, value, place);
    if (Array.isArray(value)) this.#checkArray(node, value, place);
    else if (isPlainObject(value)) this.#checkObject(node, value, place);
    this.#checkCombinations(node, value, { ...place, levels: place.levels + 1 });
  }

  /** Returns the keyword and message of an issue that makes further checks of this value pointless, or null. */
  #issueOfKind({ refusesAll, types }: SchemaNode, value: unknown, levels: number): [string | null, string] | null {
    this.#work.steps -= 1;
    if (this.#work.steps < 0) return [null, "takes too long to be checked"];
    if (levels > MAX_CHECK_LEVELS) return [null, "is nested too deeply to be checked"];
    if (refusesAll) return [null, "is not allowed here"];
    const type = typeOf(value);
    if (type === null) return [null, "is not a JSON value"];
    return types === null || types.has(type) ? null : ["type", `must be ${listed([...types])}`];
  }

  #checkArray(node: SchemaNode, value: readonly unknown[], place: Place): void {
    if (value.length < node.minItems) report(place, "minItems", `must have at least ${node.minItems} items`);
    if (value.length > node.maxItems) report(place, "maxItems", `must have at most ${node.maxItems} items`);
    if (node.items === null && node.prefixItems.length === 0) return;
    for (const [index, item] of value.entries()) {
      const schema = node.prefixItems[index] ?? node.items;
      if (schema === null || place.issues.length >= MAX_ISSUES) return;
      this.check(schema, item, inside(place, String(index)));
    }
  }

  #checkObject(node: SchemaNode, value: object, place: Place): void {
    const names = Object.keys(value);
    for (const name of node.required) {
      if (!Object.hasOwn(value, name)) report(place, "required", `must have the property ${JSON.stringify(name)}`);
    }
    if (names.length < node.minProperties) {
      report(place, "minProperties", `must have at least ${node.minProperties} properties`);
    }
    if (names.length > node.maxProperties) {
      report(place, "maxProperties", `must have at most ${node.maxProperties} properties`);
    }
    const { properties, additionalProperties, propertyNames } = node;
    if (properties.size === 0 && additionalProperties === null && propertyNames === null) return;
    for (const name of names) {
      if (place.issues.length >= MAX_ISSUES) return;
      const within = inside(place, name);
      if (propertyNames !== null) this.check(propertyNames, name, within);
      const schema = properties.get(name) ?? additionalProperties;
      if (schema !== null) this.check(schema, (value as Record<string, unknown>)[name], within);
    }
  }

  #checkCombinations(node: SchemaNode, value: unknown, place: Place): void {
    if (node.reference !== null) this.check(node.reference, value, place);
    for (const schema of node.allOf) this.check(schema, value, place);
    const satisfies = (schema: SchemaNode) => {
      const issues: JsonIssue[] = [];
      this.check(schema, value, { ...place, issues });
      return issues.length === 0;
    };
    if (node.anyOf.length > 0 && !node.anyOf.some(satisfies))
      report(place, "anyOf", "must match one of the alternatives");
    if (node.oneOf.length > 0 && node.oneOf.filter(satisfies).length !== 1) {
      report(place, "oneOf", "must match exactly one of the alternatives");
    }
  }
}

function checkNumber(node: SchemaNode, value: number, place: Place): void {
  checkBounds(node, value, place);
  if (node.multipleOf !== null && !isMultipleOf(value, node.multipleOf)) {
    report(place, "multipleOf", `must be a multiple of ${node.multipleOf}`);
  }
}

/** Largest power of ten that is written out for an exact division. */
const MAX_DIVIDED_EXPONENT = 1000;

function checkExactNumber(node: SchemaNode, { text }: ExactNumber, place: Place): void {
  checkBounds(node, Number(text), place);
  if (node.multipleOf === null) return;
  const isHuge = Math.abs(Number(/e(.*)$/i.exec(text)?.[1] ?? 0)) > MAX_DIVIDED_EXPONENT;
  if (isHuge || !isMultipleOf(text, node.multipleOf)) {
    report(place, "multipleOf", `must be a multiple of ${node.multipleOf}`);
  }
}

function checkBounds(node: SchemaNode, value: number, place: Place): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = node;
  if (minimum !== null && value < minimum) report(place, "minimum", `must be at least ${minimum}`);
  if (maximum !== null && value > maximum) report(place, "maximum", `must be at most ${maximum}`);
  if (exclusiveMinimum !== null && value <= exclusiveMinimum) {
    report(place, "exclusiveMinimum", `must be above ${exclusiveMinimum}`);
  }
  if (exclusiveMaximum !== null && value >= exclusiveMaximum) {
    report(place, "exclusiveMaximum", `must be below ${exclusiveMaximum}`);
  }
}

function checkString(node: SchemaNode, value: string, place: Place): void {
  const { minLength, maxLength, format } = node;
  if (minLength > 0 || maxLength < value.length) {
    const length = codePoints(value);
    if (length < minLength) report(place, "minLength", `must have at least ${minLength} characters`);
    if (length > maxLength) report(place, "maxLength", `must have at most ${maxLength} characters`);
  }
  if (format !== null && !format.matches(value)) report(place, "format", `must be of the form ${format.name}`);
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/**
 * Returns the type of a JSON value: `integer` for every number without a fraction, null for a value that is not JSON.
 */
export function typeOf(value: unknown): JsonType | null {
  if (value === null) return "null";
  if (typeof value === "boolean" || typeof value === "string") return typeof value as JsonType;
  if (typeof value === "number") {
    if (Number.isInteger(value)) return "integer";
    return Number.isFinite(value) ? "number" : null;
  }
  if (value instanceof ExactNumber) return value.isInteger ? "integer" : "number";
  if (Array.isArray(value)) return "array";
  return isPlainObject(value) ? "object" : null;
}

/**
 * Whether two values are equal as JSON, in any order of properties. Recurses as deep as `allowed`, which is from a
 * schema.
 */
export function isSameJson(allowed: unknown, value: unknown): boolean {
  if (allowed === value) return true;
  if (value instanceof ExactNumber) return allowed === value.simplest;
  if (typeof allowed !== "object" || typeof value !== "object" || allowed === null || value === null) return false;
  if (Array.isArray(allowed) !== Array.isArray(value)) return false;
  const names = Object.keys(allowed);
  if (names.length !== Object.keys(value).length) return false;
  return names.every(
    (name) =>
      Object.hasOwn(value, name) &&
      isSameJson((allowed as Record<string, unknown>)[name], (value as Record<string, unknown>)[name]),
  );
}

function inside({ issues, path, levels }: Place, name: string): Place {
  return { issues, path: `${path}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`, levels: levels + 1 };
}

/** Most allowed values that a message lists. */
const MAX_LISTED = 8;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_LISTED).join(", ");
  if (names.length === 1) return shown;
  return names.length > MAX_LISTED ? `one of ${shown} and ${names.length - MAX_LISTED} others` : `one of ${shown}`;
}

function report({ issues, path }: Place, keyword: string | null, message: string): void {
  issues.push({ path, keyword, message });
}
