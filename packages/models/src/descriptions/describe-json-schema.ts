import type { KeyTexts } from "./key-texts.js";

/** The keywords of a JSON Schema that lead to its keys. */
export interface JsonSchema {
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  type?: unknown;
  default?: unknown;
  description?: string;
  examples?: readonly unknown[];
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
}

/** Visits a schema, its keys, items, values and definitions. Alternatives of a value have the path of the value. */
export function visitKeys(schema: JsonSchema, visit: (path: string, schema: JsonSchema) => void): void {
  walk(schema, "", visit);
  for (const [name, definition] of Object.entries(schema.$defs ?? {})) walk(definition, name, visit);
}

function walk(schema: JsonSchema, path: string, visit: (path: string, schema: JsonSchema) => void): void {
  visit(path, schema);
  const prefix = path === "" ? "" : `${path}.`;
  for (const [key, value] of Object.entries(schema.properties ?? {})) walk(value, `${prefix}${key}`, visit);
  if (typeof schema.additionalProperties === "object") walk(schema.additionalProperties, `${prefix}*`, visit);
  if (schema.items !== undefined) walk(schema.items, `${path}[]`, visit);
  for (const alternative of schema.anyOf ?? []) walkAlternative(alternative, path, visit);
}

/** Visits what is inside an alternative. The text of the value itself is that of the union. */
function walkAlternative(schema: JsonSchema, path: string, visit: (path: string, schema: JsonSchema) => void): void {
  walk(schema, path, (at, inner) => {
    if (inner !== schema) visit(at, inner);
  });
}

/** Returns the schema with the texts of its keys. Throws for texts of keys that the schema does not have. */
export function describeJsonSchema(schema: JsonSchema, texts: KeyTexts): JsonSchema {
  const described = structuredClone(schema);
  const unused = new Set(Object.keys(texts));
  visitKeys(described, (path, key) => {
    const text = Object.hasOwn(texts, path) ? texts[path] : undefined;
    if (text === undefined) return;
    unused.delete(path);
    Object.assign(key, typeof text === "string" ? { description: text } : text);
  });
  if (unused.size > 0) throw new Error(`Texts of keys that the schema does not have: ${[...unused].join(", ")}`);
  return described;
}

/** Lists the keys without a description, by path. Items of a list, values of a map and definitions need none. */
export function findUndescribed(schema: JsonSchema): string[] {
  const others = new Set(["", ...Object.keys(schema.$defs ?? {})]);
  const found: string[] = [];
  visitKeys(schema, (path, { description }) => {
    const isKey = !others.has(path) && !/(?:^|\.)\*$|\[\]$/.test(path);
    if (isKey && !description) found.push(path);
  });
  return found;
}
