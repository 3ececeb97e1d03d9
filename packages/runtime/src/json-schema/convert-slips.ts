import { readExactArguments, readExactJson } from "../json/exact-json.js";
import { ExactNumber } from "../json/exact-number.js";
import { type CheckWork, checkValue, typeOf } from "./check-value.js";
import { isPlainObject } from "./is-plain-object.js";
import type { JsonType, SchemaNode } from "./schema-node.js";

/** Most steps of all checks of one value together (some 0.1 µs per step). Beyond this the value is left unchanged. */
const MAX_STEPS = 500_000;
/** Deepest nesting of values, and of JSON texts within JSON texts. */
const MAX_LEVELS = 32;
/** Most parts of a value that is converted: each part may be checked several times. */
const MAX_PARTS = 2000;
/** Longest text that is read as a number, a word or a listed name. */
const MAX_WORD_CHARACTERS = 400;

/**
 * Corrects type slips in `value` where nothing is lost and only one reading satisfies the schema's types: `"3"` for a
 * number, `"true"` for a boolean, a number for a text, one value for a list, a JSON text for an object or a list, null
 * for an absent property, a listed word in different letter case. A valid or ambiguous value is returned unchanged.
 * Does not modify `value`.
 */
export function convertSlips(schema: SchemaNode, value: unknown): unknown {
  if (checkValue(schema, value).length === 0 || !hasFewParts(value)) return value;
  return new SlipConverter().convert([schema], value, 0);
}

class SlipConverter {
  readonly #work: CheckWork = { steps: MAX_STEPS };

  /** Returns the value converted to satisfy all of the schemas as far as possible. */
  convert(schemas: readonly SchemaNode[], value: unknown, level: number): unknown {
    const nodes = together(schemas);
    if (this.#work.steps < 0 || level > MAX_LEVELS || this.#satisfies(nodes, value)) return value;
    const chooser = nodes.find(({ anyOf, oneOf }) => anyOf.length + oneOf.length > 0);
    if (chooser !== undefined) return this.#convertByChoice(nodes, chooser, value, level);
    const readings = readingsOf(nodes, value);
    const converted = readings.map((reading) => this.#convertParts(nodes, reading, level + 1));
    const fitting = distinct(converted.filter((reading) => this.#satisfies(nodes, reading)));
    if (fitting.length === 1) return fitting[0];
    // The type is clear although something else is wrong, so the error that is reported names the real problem.
    const isClear =
      converted.length === 1 && (typeof value === "string" || !Array.isArray(converted[0]) || Array.isArray(value));
    return isClear ? converted[0] : value;
  }

  /** Tries every alternative. Converts the value only where exactly one result is valid. */
  #convertByChoice(nodes: readonly SchemaNode[], chooser: SchemaNode, value: unknown, level: number): unknown {
    const rest = nodes.map((node) => (node === chooser ? { ...node, anyOf: [], oneOf: [] } : node));
    const alternatives = [...chooser.anyOf, ...chooser.oneOf];
    const results = alternatives.map((alternative) => this.convert([...rest, alternative], value, level + 1));
    const fitting = distinct(results.filter((result) => this.#satisfies(nodes, result)));
    return fitting.length === 1 ? fitting[0] : value;
  }

  #convertParts(nodes: readonly SchemaNode[], value: unknown, level: number): unknown {
    if (Array.isArray(value)) {
      return value.map((item, index) => {
        const schemas = nodes.flatMap(({ prefixItems, items }) => prefixItems[index] ?? items ?? []);
        return schemas.length === 0 ? item : this.convert(schemas, item, level);
      });
    }
    if (!isPlainObject(value)) return value;
    const entries = Object.entries(value).flatMap(([name, item]): [string, unknown][] => {
      const schemas = nodes.flatMap((node) => node.properties.get(name) ?? node.additionalProperties ?? []);
      if (schemas.length === 0) return [[name, item]];
      const converted = this.convert(schemas, item, level);
      const isRequired = nodes.some(({ required }) => required.includes(name));
      return converted === null && !isRequired && !this.#satisfies(schemas, null) ? [] : [[name, converted]];
    });
    return Object.fromEntries(entries);
  }

  #satisfies(nodes: readonly SchemaNode[], value: unknown): boolean {
    return nodes.every((node) => checkValue(node, value, this.#work).length === 0);
  }
}

function hasFewParts(value: unknown): boolean {
  const open: unknown[] = [value];
  for (let parts = 0; open.length > 0; parts++) {
    if (parts + open.length > MAX_PARTS) return false;
    const next = open.pop();
    if (typeof next === "object" && next !== null) open.push(...Object.values(next));
  }
  return true;
}

/** Returns the schemas with everything that applies with them: their `$ref` targets and `allOf` parts. */
function together(schemas: readonly SchemaNode[]): SchemaNode[] {
  const all = new Set(schemas);
  for (const node of all) {
    for (const part of node.allOf) all.add(part);
    if (node.reference !== null) all.add(node.reference);
  }
  return [...all];
}

function distinct(values: readonly unknown[]): unknown[] {
  return [...new Map(values.map((value) => [`${typeOf(value)} ${JSON.stringify(value)}`, value])).values()];
}

/** Returns what the value may have meant, by the allowed types, or the value itself where its type is allowed. */
function readingsOf(nodes: readonly SchemaNode[], value: unknown): unknown[] {
  const type = typeOf(value);
  const allows = (wanted: JsonType) =>
    nodes.every(({ types, values }) => {
      if (types !== null) return types.has(wanted) || (wanted === "integer" && types.has("number"));
      return values === null || values.some((allowed) => typeOf(allowed) === wanted);
    });
  const listed = nodes.find(({ values }) => values !== null)?.values ?? null;
  if (type !== null && allows(type)) return [(typeof value === "string" ? likeNamed(listed, value) : null) ?? value];
  const readings: unknown[] = [];
  if (typeof value === "string") readings.push(...readingsOfText(value.trim(), allows));
  else if (
    allows("string") &&
    (typeof value === "number" || typeof value === "boolean" || value instanceof ExactNumber)
  )
    readings.push(String(value));
  const isNamed = nodes.some(({ types, values }) => types !== null || values !== null);
  const isListRead = readings.some((reading) => Array.isArray(reading));
  if (isNamed && allows("array") && value !== null && !isListRead) readings.push([value]);
  return readings;
}

function readingsOfText(text: string, allows: (type: JsonType) => boolean): unknown[] {
  const readings: unknown[] = [];
  if (/^[[{"]/.test(text)) {
    const read = readExactJson(text)?.value;
    const type = read === undefined ? null : typeOf(read);
    if (type === "string" && !allows("string")) return readingsOfText(String(read).trim(), allows);
    if ((type === "object" || type === "array") && allows(type)) readings.push(read);
    return readings;
  }
  if (text.length > MAX_WORD_CHARACTERS) return readings;
  const word = text.toLowerCase();
  if (allows("boolean") && (word === "true" || word === "false")) readings.push(word === "true");
  if (allows("null") && (word === "null" || word === "none")) readings.push(null);
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[-+]?\d{1,4})?$/i.test(text)) {
    const number = readExactArguments(text);
    const type = typeOf(number);
    if (type !== null && allows(type)) readings.push(number);
  }
  return readings;
}

/** Returns the only listed text that differs from `value` just in letter case and outer white space, or null. */
function likeNamed(listed: readonly unknown[] | null, value: string): string | null {
  if (listed === null || value.length > MAX_WORD_CHARACTERS) return null;
  const folded = (text: string) => text.trim().toLowerCase();
  const alike = listed.filter((name): name is string => typeof name === "string" && folded(name) === folded(value));
  return alike.length === 1 ? (alike[0] ?? null) : null;
}
