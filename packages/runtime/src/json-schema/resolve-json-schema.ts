import { cutText } from "@nanoagent/models";
import { isPlainObject } from "./is-plain-object.js";
import { SchemaNotSupportedError } from "./schema-not-supported-error.js";

const HINT =
  "Pass a JSON Schema object, or a Standard Schema that provides one: zod 4.2 or newer, ArkType 2.1.28 or newer, or Valibot through toStandardJsonSchema().";

/**
 * Returns a plain JSON Schema object unchanged, or the draft 2020-12 schema from a Standard Schema's
 * `~standard.jsonSchema.input()`. Throws {@link SchemaNotSupportedError} for anything else.
 */
export function resolveJsonSchema(schema: unknown): object {
  if ((typeof schema !== "object" && typeof schema !== "function") || schema === null || Array.isArray(schema)) {
    throw unusable(`${describe(schema)} is not a schema.`);
  }
  let resolved: unknown = schema;
  try {
    const standard = (schema as { "~standard"?: StandardProperties })["~standard"];
    if (standard !== undefined) {
      if (typeof standard?.jsonSchema?.input !== "function") {
        throw unusable(`This Standard Schema${vendorOf(standard)} has no JSON Schema.`);
      }
      resolved = standard.jsonSchema.input({ target: "draft-2020-12" });
    }
  } catch (cause) {
    if (SchemaNotSupportedError.isInstance(cause)) throw cause;
    throw unusable("This Standard Schema cannot be expressed as a JSON Schema.", cause);
  }
  if (!isPlainObject(resolved)) throw unusable("This object is neither a JSON Schema nor a Standard Schema.");
  if (isSchema(resolved)) return resolved;
  // Some libraries wrap a JSON Schema in another object.
  const wrapped = resolved.jsonSchema;
  if (isPlainObject(wrapped) && isSchema(wrapped)) return wrapped;
  throw unusable("This object has no JSON Schema keyword, so it would allow anything.");
}

/** Keywords that assert something, or contain or refer to assertions. */
const assertions = new Set(
  (
    "$schema $ref $defs $dynamicRef $recursiveRef definitions type enum const nullable format pattern minimum maximum " +
    "exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems uniqueItems contains minContains " +
    "maxContains prefixItems items additionalItems unevaluatedItems minProperties maxProperties required properties " +
    "patternProperties additionalProperties propertyNames unevaluatedProperties dependencies dependentRequired " +
    "dependentSchemas allOf anyOf oneOf not if then else"
  ).split(" "),
);
/** Keywords that are also common names in data: with other keys beside them, the object is not taken for a schema. */
const remarks = new Set(["title", "description", "$id", "id", "$comment", "$anchor"]);

/** Whether an object is the empty schema or has JSON Schema keywords. */
function isSchema(value: Record<string, unknown>): boolean {
  const names = Object.keys(value);
  if (names.length === 0) return Object.getOwnPropertySymbols(value).length === 0;
  return (
    names.some((name) => assertions.has(name)) ||
    names.every((name) => remarks.has(name) && typeof value[name] === "string")
  );
}

interface StandardProperties {
  readonly vendor?: unknown;
  readonly jsonSchema?: { readonly input?: (options: { target: string }) => unknown };
}

function vendorOf({ vendor }: StandardProperties): string {
  return typeof vendor === "string" ? ` of ${cutText(vendor, 50)}` : "";
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "A list";
  return value === null || value === undefined ? String(value) : `A ${typeof value}`;
}

function unusable(message: string, cause?: unknown): SchemaNotSupportedError {
  return new SchemaNotSupportedError({ message, hint: HINT, path: "", keyword: null, cause });
}
