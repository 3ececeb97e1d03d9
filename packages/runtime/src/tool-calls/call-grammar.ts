import { choice, literal } from "../engines/llama/grammar/rules/grammar-rules.js";
import { schemaToGrammar } from "../engines/llama/grammar/schema-to-grammar.js";
import { dropUnsupported } from "../json-schema/drop-unsupported.js";
import { SchemaNotSupportedError } from "../json-schema/schema-not-supported-error.js";

/** Returns a grammar that accepts exactly one of these texts. */
export function choiceGrammar(texts: readonly string[]): string {
  return `root ::= ${choice(texts.map(literal))}\n`;
}

/**
 * Returns a grammar for the arguments of a tool, after a space if `isSpaced`. Keywords that a grammar cannot express are
 * left out, because the arguments are validated afterwards anyway. If the rest cannot be expressed either, any object
 * is accepted.
 */
export function argumentsGrammar(schema: object, isSpaced: boolean): string {
  const grammar = loosenedGrammar(schema, { type: "object" });
  return isSpaced ? grammar.replace(/^root ::= /, '$&" " ') : grammar;
}

/** Keywords to leave out where a grammar finds no value, the least specific first. */
const restrictions = [
  ...["additionalProperties", "propertyNames", "minProperties", "minItems", "maxItems", "minLength", "maxLength"],
  ...["allOf", "oneOf", "anyOf", "const", "enum"],
];

/** Returns a grammar for a schema without the keywords that a grammar cannot express, otherwise for `fallback`. */
export function loosenedGrammar(schema: object, fallback: object): string {
  try {
    return schemaToGrammar(schema);
  } catch (error) {
    if (!(error instanceof SchemaNotSupportedError)) throw error;
  }
  try {
    return dropUnsupported(structuredClone(schema), schemaToGrammar, { ifEmpty: restrictions });
  } catch {
    return schemaToGrammar(fallback);
  }
}
