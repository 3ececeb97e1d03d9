import { MAX_ENUM_VALUES, MAX_SCHEMA_DEPTH, MAX_SCHEMA_PARTS } from "./grammar-limits.js";
import { isPlainObject } from "./is-plain-object.js";
import { markRecursion } from "./mark-recursion.js";
import type { JsonType, SchemaNode } from "./schema-node.js";
import { SchemaNotSupportedError } from "./schema-not-supported-error.js";
import { stringFormats } from "./string-format.js";

/**
 * Reads a JSON Schema, which may come from an untrusted source: getters do not run, nothing of the input is kept and
 * unreachable parts are ignored. Throws {@link SchemaNotSupportedError} for an assertion that {@link SchemaNode} cannot
 * hold. Unknown keywords are annotations, as in JSON Schema.
 */
export function readSchema(schema: object): SchemaNode {
  try {
    return new SchemaReader(schema).read();
  } catch (cause) {
    if (SchemaNotSupportedError.isInstance(cause)) throw cause;
    throw new SchemaNotSupportedError({ message: "The schema cannot be read.", path: "", keyword: null, cause });
  }
}

type Draft<Node> = { -readonly [Key in keyof Node]: Node[Key] };
type Raw = Record<string, unknown>;

/** Keywords that a grammar cannot guarantee, with the advice for each. */
const unsupported: readonly (readonly [keyword: string, hint: string])[] = [
  ["not", "Describe the allowed values instead."],
  ["if", "Use anyOf with one alternative for each case."],
  ["then", "Use anyOf with one alternative for each case."],
  ["else", "Use anyOf with one alternative for each case."],
  ["pattern", "Use enum or one of the formats date, time, date-time, uuid and ipv4, or check the reply yourself."],
  ["patternProperties", "Use properties, or additionalProperties for names that are not known."],
  ["contains", "Use prefixItems and items."],
  ["uniqueItems", "Use an object with boolean properties, or check the reply yourself."],
  ["additionalItems", "Use prefixItems and items, as in draft 2020-12."],
  ["dependencies", "Use anyOf with one alternative for each case."],
  ["dependentRequired", "Use anyOf with one alternative for each case."],
  ["dependentSchemas", "Use anyOf with one alternative for each case."],
  ["unevaluatedItems", "Use items: false."],
  ["unevaluatedProperties", "Use additionalProperties: false."],
  ["$dynamicRef", "Use $ref."],
  ["$recursiveRef", "Use $ref."],
];

const jsonTypes: ReadonlySet<string> = new Set<JsonType>([
  "null",
  "boolean",
  "integer",
  "number",
  "string",
  "array",
  "object",
]);

const keywordsOfTypes: [JsonType, string[]][] = [
  ["number", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]],
  ["string", ["minLength", "maxLength"]],
  ["array", ["prefixItems", "items", "minItems", "maxItems"]],
  ["object", ["properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties"]],
];

const emptyNode: Omit<SchemaNode, "id" | "path"> = {
  refusesAll: false,
  types: null,
  values: null,
  minimum: null,
  maximum: null,
  exclusiveMinimum: null,
  exclusiveMaximum: null,
  multipleOf: null,
  minLength: 0,
  maxLength: Number.POSITIVE_INFINITY,
  format: null,
  properties: new Map(),
  required: [],
  additionalProperties: null,
  propertyNames: null,
  minProperties: 0,
  maxProperties: Number.POSITIVE_INFINITY,
  prefixItems: [],
  items: null,
  minItems: 0,
  maxItems: Number.POSITIVE_INFINITY,
  allOf: [],
  anyOf: [],
  oneOf: [],
  reference: null,
  recursive: false,
  leadsToRecursion: false,
  impliedTypes: new Set(),
};

class SchemaReader {
  readonly #document: object;
  readonly #nodes: Draft<SchemaNode>[] = [];
  readonly #known = new Map<object, Draft<SchemaNode>>();
  /** The schemas that contain the one being read. */
  readonly #open = new Set<object>();
  readonly #references: { node: Draft<SchemaNode>; pointer: string }[] = [];
  #values = 0;

  constructor(document: object) {
    this.#document = document;
  }

  read(): SchemaNode {
    const root = this.#schema(this.#document, "");
    // The list grows during the loop: each reference target is read after everything before it.
    for (const { node, pointer } of this.#references) {
      const { target, path } = this.#resolve(node, pointer);
      node.reference = this.#schema(target, path);
    }
    markRecursion(this.#nodes);
    return root;
  }

  #schema(raw: unknown, path: string): Draft<SchemaNode> {
    if (typeof raw === "boolean") return this.#add({ refusesAll: !raw }, path);
    if (!isPlainObject(raw)) throw schemaError(path, null, "must be a schema: an object, true or false");
    if (this.#open.has(raw))
      throw schemaError(path, null, "is the same object as one around it; use $ref for recursion");
    // JSON Schemas made by a library may carry this property too, but hidden.
    if (Object.prototype.propertyIsEnumerable.call(raw, "~standard")) {
      const hint = "Turn the whole schema into a JSON Schema with its library, and pass that.";
      throw schemaError(path, null, "is a Standard Schema within a JSON Schema", hint);
    }
    const known = this.#known.get(raw);
    if (known !== undefined) return known;
    if (this.#open.size >= MAX_SCHEMA_DEPTH)
      throw schemaError(path, null, `is nested deeper than ${MAX_SCHEMA_DEPTH} levels`);
    const node = this.#add({}, path);
    this.#known.set(raw, node);
    this.#open.add(raw);
    this.#refuseUnsupported(raw, path);
    this.#readValueKeywords(node, raw);
    this.#readObjectKeywords(node, raw);
    this.#readArrayKeywords(node, raw);
    for (const keyword of ["allOf", "anyOf", "oneOf"] as const) node[keyword] = this.#schemaList(raw, path, keyword);
    const pointer = own(raw, "$ref", path);
    if (typeof pointer === "string") this.#references.push({ node, pointer });
    else if (pointer !== undefined) throw schemaError(path, "$ref", "must be a string");
    this.#open.delete(raw);
    return node;
  }

  #add(parts: Partial<SchemaNode>, path: string): Draft<SchemaNode> {
    const id = this.#nodes.length;
    if (id >= MAX_SCHEMA_PARTS) throw schemaError(path, null, `exceeds the limit of ${MAX_SCHEMA_PARTS} subschemas`);
    const node = { ...emptyNode, ...parts, id, path };
    this.#nodes.push(node);
    return node;
  }

  #refuseUnsupported(raw: Raw, path: string): void {
    for (const [keyword, hint] of unsupported) {
      const value = own(raw, keyword, path);
      if (value === undefined || (keyword === "uniqueItems" && value === false)) continue;
      throw schemaError(path, keyword, "is not supported", hint);
    }
    if (path !== "" && own(raw, "$id", path) !== undefined) {
      throw schemaError(path, "$id", "is supported only at the top", "Move the schema to $defs and drop its $id.");
    }
  }

  #readValueKeywords(node: Draft<SchemaNode>, raw: Raw): void {
    const { path } = node;
    node.types = readTypes(raw, path);
    node.values = this.#readValues(raw, path);
    for (const keyword of ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"] as const) {
      node[keyword] = readNumber(raw, path, keyword);
    }
    if (node.multipleOf !== null && node.multipleOf <= 0) throw schemaError(path, "multipleOf", "must be above 0");
    node.minLength = readCount(raw, path, "minLength") ?? 0;
    node.maxLength = readCount(raw, path, "maxLength") ?? Number.POSITIVE_INFINITY;
    const format = own(raw, "format", path);
    if (typeof format === "string") node.format = stringFormats.get(format) ?? null;
    else if (format !== undefined) throw schemaError(path, "format", "must be a string");
    const implied = keywordsOfTypes
      .filter(([, keywords]) => keywords.some((keyword) => own(raw, keyword, path) !== undefined))
      .map(([type]) => type);
    node.impliedTypes = new Set(node.format === null ? implied : [...implied, "string"]);
  }

  #readValues(raw: Raw, path: string): unknown[] | null {
    const constant = own(raw, "const", path);
    const list = own(raw, "enum", path);
    // A node has one list of values: with both keywords, the constant must be in the list.
    const values = list === undefined ? null : listOf(list, path, "enum", MAX_ENUM_VALUES);
    const copies = values?.map((value) => this.#copyValue(value, path, "enum")) ?? null;
    if (copies?.length === 0) throw schemaError(path, "enum", "has no values");
    if (constant === undefined) return copies;
    const copy = this.#copyValue(constant, path, "const");
    const text = JSON.stringify(copy);
    return copies === null || copies.some((value) => JSON.stringify(value) === text) ? [copy] : [];
  }

  #copyValue(value: unknown, path: string, keyword: string, levels = 0): unknown {
    this.#values += 1;
    if (this.#values > MAX_SCHEMA_PARTS)
      throw schemaError(path, keyword, `has more than ${MAX_SCHEMA_PARTS} values in all`);
    if (levels > MAX_SCHEMA_DEPTH) throw schemaError(path, keyword, `is nested deeper than ${MAX_SCHEMA_DEPTH} levels`);
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    const copy = (inner: unknown) => this.#copyValue(inner, path, keyword, levels + 1);
    if (Array.isArray(value)) return listOf(value, path, keyword, MAX_SCHEMA_PARTS).map(copy);
    if (!isPlainObject(value)) throw schemaError(path, keyword, "has a value that JSON cannot express");
    const entries: Raw = Object.create(null);
    for (const [name, inner] of entriesOf(value, path, keyword)) entries[name] = copy(inner);
    return entries;
  }

  #readObjectKeywords(node: Draft<SchemaNode>, raw: Raw): void {
    const { path } = node;
    const properties = own(raw, "properties", path);
    if (properties !== undefined) {
      if (!isPlainObject(properties)) throw schemaError(path, "properties", "must be an object");
      const entries = entriesOf(properties, path, "properties");
      node.properties = new Map(
        entries.map(([name, inner]) => [name, this.#schema(inner, `${path}/properties/${escapeToken(name)}`)]),
      );
    }
    const required = own(raw, "required", path);
    if (required !== undefined) node.required = readNames(required, path);
    for (const keyword of ["additionalProperties", "propertyNames"] as const) {
      const inner = own(raw, keyword, path);
      if (inner !== undefined) node[keyword] = this.#schema(inner, `${path}/${keyword}`);
    }
    node.minProperties = readCount(raw, path, "minProperties") ?? 0;
    node.maxProperties = readCount(raw, path, "maxProperties") ?? Number.POSITIVE_INFINITY;
  }

  #readArrayKeywords(node: Draft<SchemaNode>, raw: Raw): void {
    const { path } = node;
    node.prefixItems = this.#schemaList(raw, path, "prefixItems");
    const items = own(raw, "items", path);
    if (Array.isArray(items)) {
      throw schemaError(
        path,
        "items",
        "must be one schema",
        "Use prefixItems for a list of schemas, as in draft 2020-12.",
      );
    }
    if (items !== undefined) node.items = this.#schema(items, `${path}/items`);
    node.minItems = readCount(raw, path, "minItems") ?? 0;
    node.maxItems = readCount(raw, path, "maxItems") ?? Number.POSITIVE_INFINITY;
  }

  #schemaList(raw: Raw, path: string, keyword: string): SchemaNode[] {
    const list = own(raw, keyword, path);
    if (list === undefined) return [];
    const schemas = listOf(list, path, keyword, MAX_SCHEMA_PARTS);
    if (schemas.length === 0) throw schemaError(path, keyword, "has no schemas");
    return schemas.map((inner, index) => this.#schema(inner, `${path}/${keyword}/${index}`));
  }

  #resolve({ path }: SchemaNode, pointer: string): { target: unknown; path: string } {
    if (pointer !== "#" && !pointer.startsWith("#/")) {
      throw schemaError(path, "$ref", "must point into the same document", 'Write it as "#/$defs/Name".');
    }
    let target: unknown = this.#document;
    let decoded: string;
    try {
      decoded = decodeURIComponent(pointer.slice(1));
    } catch {
      throw schemaError(path, "$ref", "is not a JSON Pointer");
    }
    for (const token of decoded.split("/").slice(1)) {
      const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
      target = typeof target === "object" && target !== null ? own(target as Raw, key, path) : undefined;
    }
    if (target === undefined) throw schemaError(path, "$ref", "points to nothing");
    return { target, path: decoded };
  }
}

function own(raw: object, key: string, path: string): unknown {
  const property = Object.getOwnPropertyDescriptor(raw, key);
  if (property === undefined || property.enumerable !== true) return undefined;
  if (!("value" in property)) throw schemaError(path, key, "is a getter; a schema must be plain data");
  return property.value;
}

function entriesOf(raw: object, path: string, keyword: string): [string, unknown][] {
  const names = Object.keys(raw);
  if (names.length > MAX_SCHEMA_PARTS) throw schemaError(path, keyword, `has more than ${MAX_SCHEMA_PARTS} entries`);
  if (names.includes("__proto__")) throw prototypeName(path, keyword);
  return names
    .map((name): [string, unknown] => [name, own(raw, name, path)])
    .filter(([, value]) => value !== undefined);
}

function listOf(raw: unknown, path: string, keyword: string, limit: number): unknown[] {
  if (!Array.isArray(raw)) throw schemaError(path, keyword, "must be a list");
  if (raw.length > limit) throw schemaError(path, keyword, `has more than ${limit} entries`);
  return Array.from({ length: raw.length }, (_, index) => own(raw, String(index), path));
}

function readTypes(raw: Raw, path: string): ReadonlySet<JsonType> | null {
  const type = own(raw, "type", path);
  const nullable = own(raw, "nullable", path);
  if (type === undefined) {
    if (nullable !== true) return null;
    throw schemaError(path, "nullable", "needs a type beside it", 'Use anyOf with {"type": "null"}.');
  }
  const names = typeof type === "string" ? [type] : listOf(type, path, "type", jsonTypes.size);
  if (names.length === 0) throw schemaError(path, "type", "has no types");
  for (const name of names) {
    if (!jsonTypes.has(name as string)) throw schemaError(path, "type", `must be one of ${[...jsonTypes].join(", ")}`);
  }
  const types = new Set(names as JsonType[]);
  if (types.has("number")) types.add("integer");
  if (nullable === true) types.add("null");
  return types;
}

function readNumber(raw: Raw, path: string, keyword: string): number | null {
  const value = own(raw, keyword, path);
  if (value === undefined) return null;
  if (typeof value !== "number" || !Number.isFinite(value)) throw schemaError(path, keyword, "must be a number");
  return value;
}

function readCount(raw: Raw, path: string, keyword: string): number | null {
  const value = readNumber(raw, path, keyword);
  if (value !== null && (!Number.isInteger(value) || value < 0))
    throw schemaError(path, keyword, "must be an integer ≥ 0");
  return value;
}

function readNames(raw: unknown, path: string): string[] {
  return listOf(raw, path, "required", MAX_SCHEMA_PARTS).map((name) => {
    if (typeof name !== "string") throw schemaError(path, "required", "must be a list of names");
    if (name === "__proto__") throw prototypeName(path, "required");
    return name;
  });
}

function prototypeName(path: string, keyword: string): SchemaNotSupportedError {
  return schemaError(path, keyword, 'contains the name "__proto__", which is unsafe when a reply is copied');
}

function escapeToken(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function schemaError(path: string, keyword: string | null, what: string, hint?: string): SchemaNotSupportedError {
  return SchemaNotSupportedError.at({ path, keyword, what, hint });
}
