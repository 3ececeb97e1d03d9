import { numberDemands } from "../../../../json-schema/demands.js";
import { MAX_ANY_ITEMS, MAX_ANY_LEVELS } from "../../../../json-schema/grammar-limits.js";
import type { GrammarRules } from "./grammar-rules.js";
import { writeOtherName } from "./write-name.js";
import { writeNumber } from "./write-number.js";
import { writeColon, writeComma } from "./write-separator.js";
import { writeString } from "./write-string.js";

/** Returns the name of a rule for any JSON value with up to `levels` nested lists and objects. */
export function writeAnyValue(rules: GrammarRules, levels: number = MAX_ANY_LEVELS): string {
  const alternatives = [
    '"null"',
    '"true"',
    '"false"',
    rules.define("string", ...writeString(rules, [])),
    rules.define("number", ...writeNumber(numberDemands([]), false, [])),
  ];
  if (levels > 0) {
    const inner = writeAnyValue(rules, levels - 1);
    const property = rules.define("any-property", `${writeOtherName(rules, [])} ${writeColon(rules)} ${inner}`);
    for (const [open, part, close] of [
      ['"["', inner, '"]"'],
      ['"{"', property, '"}"'],
    ] as const) {
      const next = rules.define("any-next", `${writeComma(rules)} ${part}`);
      alternatives.push(`${open} (${part} ${rules.repeat(next, 0, MAX_ANY_ITEMS - 1)})? ${close}`);
    }
  }
  return rules.define("any", ...alternatives);
}
