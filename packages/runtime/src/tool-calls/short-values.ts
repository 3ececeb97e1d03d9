import { isPlainObject } from "../json-schema/is-plain-object.js";

const MAX_CHARACTERS = 64;
const MAX_ITEMS = 4;
/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const inner = new Set(["items", "additionalProperties", "prefixItems", "anyOf", "oneOf", "allOf"]);
const innerByName = new Set(["properties", "$defs", "definitions"]);

/**
 * Returns a schema that also limits its texts to 64 characters and its lists to 4 items, so that a model that repeats
 * itself endlessly reaches their end. Larger minimums and fixed values stay.
 */
export function shortValues(schema: unknown): object {
  return isPlainObject(schema) ? shorten(schema) : { type: "object" };
}

function shorten(schema: Record<string, unknown>): Record<string, unknown> {
  const short = Object.fromEntries(Object.entries(schema).map(([keyword, value]) => [keyword, within(keyword, value)]));
  if (schema.enum !== undefined || schema.const !== undefined) return short;
  const types = [schema.type].flat();
  if (types.includes("string")) short.maxLength = limit(schema.minLength, schema.maxLength, MAX_CHARACTERS);
  if (types.includes("array")) short.maxItems = limit(schema.minItems, schema.maxItems, MAX_ITEMS);
  return short;
}

function within(keyword: string, value: unknown): unknown {
  if (inner.has(keyword)) return Array.isArray(value) ? value.map(asSchema) : asSchema(value);
  if (!innerByName.has(keyword) || !isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, asSchema(schema)]));
}

function asSchema(value: unknown): unknown {
  return isPlainObject(value) ? shorten(value) : value;
}

function limit(least: unknown, most: unknown, usual: number): number {
  const own = typeof most === "number" ? most : usual;
  return Math.max(typeof least === "number" ? least : 0, Math.min(own, usual));
}
