import { checkValue, type JsonIssue } from "./check-value.js";
import { readSchema } from "./read-schema.js";
import { resolveJsonSchema } from "./resolve-json-schema.js";

/**
 * Does `value`, as `JSON.parse` returns it, satisfy `schema`? Exact for every keyword that is read, where
 * {@link schemaToGrammar} may write less than is allowed. Throws {@link SchemaNotSupportedError} for the others.
 */
export function validateJson(schema: unknown, value: unknown): { valid: true } | { valid: false; issues: JsonIssue[] } {
  const issues = checkValue(readSchema(resolveJsonSchema(schema)), value);
  return issues.length === 0 ? { valid: true } : { valid: false, issues };
}
