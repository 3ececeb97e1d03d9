import type { GrammarRules } from "./grammar-rules.js";

// One space at most: where white space is unbounded, small models write nothing else.

export function writeComma(rules: GrammarRules): string {
  return rules.define("comma", '"," " "?');
}

export function writeColon(rules: GrammarRules): string {
  return rules.define("colon", '":" " "?');
}
