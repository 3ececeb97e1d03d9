import type { GrammarRules } from "./grammar-rules.js";

// One space, as models write JSON: where it is unbounded, small models write nothing else; where it is optional, every comma
// and colon leaves a choice that says nothing, and that a token must be sampled for.

export function writeComma(rules: GrammarRules): string {
  return rules.define("comma", '", "');
}

export function writeColon(rules: GrammarRules): string {
  return rules.define("colon", '": "');
}
