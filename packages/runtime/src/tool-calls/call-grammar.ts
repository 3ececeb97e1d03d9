import { choice, literal } from "../engines/llama/grammar/rules/grammar-rules.js";
import { schemaToGrammar } from "../engines/llama/grammar/schema-to-grammar.js";
import { SchemaNotSupportedError } from "../json-schema/schema-not-supported-error.js";

/** Returns a grammar that accepts exactly one of these texts. */
export function choiceGrammar(texts: readonly string[]): string {
  return `root ::= ${choice(texts.map(literal))}\n`;
}

/**
 * Returns a grammar for the arguments of a tool, after a space if `isSpaced`. A schema that a grammar cannot express
 * becomes any object, because the arguments are validated afterwards anyway.
 */
export function argumentsGrammar(schema: object, isSpaced: boolean): string {
  const grammar = grammarOf(schema);
  return isSpaced ? grammar.replace(/^root ::= /, '$&" " ') : grammar;
}

function grammarOf(schema: object): string {
  try {
    return schemaToGrammar(schema);
  } catch (error) {
    if (!(error instanceof SchemaNotSupportedError)) throw error;
    return schemaToGrammar({ type: "object" });
  }
}
