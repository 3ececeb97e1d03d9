import { isPlainObject } from "./is-plain-object.js";
import { SchemaNotSupportedError } from "./schema-not-supported-error.js";

const HINT =
  "Pass a JSON Schema object, or a Standard Schema that carries one: zod 4.2 or newer, ArkType 2.1.28 or newer, or Valibot through toStandardJsonSchema().";

/**
 * The JSON Schema that `schema` is or carries: a plain JSON Schema object as it is, or what a Standard Schema's
 * `~standard.jsonSchema.input()` gives for draft 2020-12. Throws {@link SchemaNotSupportedError} for anything else.
 */
export function resolveJsonSchema(schema: unknown): object {
  if ((typeof schema !== "object" && typeof schema !== "function") || schema === null || Array.isArray(schema)) {
    throw unusable(`${describe(schema)} is no schema.`);
  }
  let resolved: unknown = schema;
  try {
    const standard = (schema as { "~standard"?: StandardProperties })["~standard"];
    if (standard !== undefined) {
      if (typeof standard?.jsonSchema?.input !== "function") {
        throw unusable(`This Standard Schema${vendorOf(standard)} carries no JSON Schema.`);
      }
      resolved = standard.jsonSchema.input({ target: "draft-2020-12" });
    }
  } catch (cause) {
    if (SchemaNotSupportedError.isInstance(cause)) throw cause;
    throw unusable("This Standard Schema cannot be expressed as a JSON Schema.", cause);
  }
  if (!isPlainObject(resolved)) throw unusable("This object is neither a JSON Schema nor a Standard Schema.");
  return resolved;
}

interface StandardProperties {
  readonly vendor?: unknown;
  readonly jsonSchema?: { readonly input?: (options: { target: string }) => unknown };
}

function vendorOf({ vendor }: StandardProperties): string {
  return typeof vendor === "string" ? ` of ${vendor.slice(0, 50)}` : "";
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "A list";
  return value === null || value === undefined ? String(value) : `A ${typeof value}`;
}

function unusable(message: string, cause?: unknown): SchemaNotSupportedError {
  return new SchemaNotSupportedError({ message, hint: HINT, path: "", keyword: null, cause });
}
