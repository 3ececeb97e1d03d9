import { choice, literal } from "../engines/llama/grammar/rules/grammar-rules.js";
import { schemaToGrammar } from "../engines/llama/grammar/schema-to-grammar.js";
import { SchemaNotSupportedError } from "../json-schema/schema-not-supported-error.js";

/** A grammar that writes one of these texts. */
export function choiceGrammar(texts: readonly string[]): string {
  return `root ::= ${choice(texts.map(literal))}\n`;
}

/**
 * A grammar for the arguments of a tool, behind a space where one is wanted. What its schema says beyond the means of
 * grammars is left to the check.
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
