import type { GrammarRules } from "./grammar-rules.js";

// One space, as models write JSON. If it were unbounded, small models would write nothing else. If it were optional,
// every comma and colon would need a token to be sampled for a meaningless choice.

export function writeComma(rules: GrammarRules): string {
  return rules.define("comma", '", "');
}

export function writeColon(rules: GrammarRules): string {
  return rules.define("colon", '": "');
}
