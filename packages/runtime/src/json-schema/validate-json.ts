import { checkValue, type JsonIssue } from "./check-value.js";
import { readSchema } from "./read-schema.js";
import { resolveJsonSchema } from "./resolve-json-schema.js";

/**
 * Checks whether `value`, as returned by `JSON.parse`, satisfies `schema`. Exact for every supported keyword, where
 * {@link schemaToGrammar} may allow less. Throws {@link SchemaNotSupportedError} for unsupported keywords.
 */
export function validateJson(schema: unknown, value: unknown): { valid: true } | { valid: false; issues: JsonIssue[] } {
  const issues = checkValue(readSchema(resolveJsonSchema(schema)), value);
  return issues.length === 0 ? { valid: true } : { valid: false, issues };
}
