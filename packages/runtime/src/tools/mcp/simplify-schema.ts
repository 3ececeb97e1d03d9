import { cutText, wholeData } from "../../whole-text.js";
import { cleanText } from "../tool-result-text.js";

/** In every prompt that offers the tool: a schema of more bytes would leave little room beside itself. */
const MAX_SCHEMA_BYTES = 16 * 1024;
const MAX_SCHEMA_LEVELS = 16;
const MAX_SCHEMA_PARTS = 500;
const MAX_DESCRIPTION_CHARACTERS = 300;

type Raw = Record<string, unknown>;

const plainKeywords = [
  "type",
  "enum",
  "const",
  "required",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
  "nullable",
  "format",
  "$ref",
] as const;

/**
 * A server's schema of a tool's arguments as it is used here: what it says of them that can be checked, in few words.
 * What cannot be, such as `pattern`, is left to the server, which checks by itself. Throws an {@link Error} that says why
 * a schema is too much, or is none.
 */
export function simplifySchema(raw: unknown): object {
  let parts = 0;
  const many = (value: unknown, level: number) =>
    Array.isArray(value) ? value.map((item) => simplify(item, level)) : undefined;
  const named = (value: unknown, level: number) =>
    isMap(value)
      ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, simplify(item, level)]))
      : undefined;
  const simplify = (value: unknown, level: number): unknown => {
    if (++parts > MAX_SCHEMA_PARTS) throw new Error(`it has more than ${MAX_SCHEMA_PARTS} parts`);
    if (level > MAX_SCHEMA_LEVELS) throw new Error(`it is nested deeper than ${MAX_SCHEMA_LEVELS} levels`);
    if (typeof value === "boolean" || !isMap(value)) return value;
    const next = level + 1;
    const kept: [string, unknown][] = plainKeywords.map((keyword) => [keyword, own(value, keyword)]);
    const { description } = value;
    if (typeof description === "string") kept.push(["description", cut(description)]);
    for (const keyword of ["properties", "$defs", "definitions"])
      kept.push([keyword, named(own(value, keyword), next)]);
    for (const keyword of ["prefixItems", "allOf", "anyOf"]) kept.push([keyword, many(own(value, keyword), next)]);
    // Without what was left out, more than one of its alternatives may hold.
    const one = many(own(value, "oneOf"), next);
    if (one !== undefined) kept.push(value.anyOf === undefined ? ["anyOf", one] : ["allOf", [{ anyOf: one }]]);
    for (const keyword of ["items", "additionalProperties"]) {
      const inner = own(value, keyword);
      if (inner !== undefined && !Array.isArray(inner)) kept.push([keyword, simplify(inner, next)]);
    }
    return Object.fromEntries(kept.filter(([, item]) => item !== undefined));
  };
  if (!isMap(raw)) throw new Error("it is no JSON Schema");
  const schema = wholeData(simplify({ ...raw, type: raw.type ?? "object" }, 0)) as Raw;
  if (schema.type !== "object") throw new Error("it is not one of an object");
  if (JSON.stringify(schema).length > MAX_SCHEMA_BYTES)
    throw new Error(`it has more than ${MAX_SCHEMA_BYTES / 1024} KB`);
  return schema;
}

function isMap(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function own(value: Raw, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

function cut(said: string): string {
  const text = cleanText(said.slice(0, 2 * MAX_DESCRIPTION_CHARACTERS));
  return text.length <= MAX_DESCRIPTION_CHARACTERS ? text : `${cutText(text, MAX_DESCRIPTION_CHARACTERS - 1)}…`;
}
