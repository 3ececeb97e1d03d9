import { largest, smallest } from "../../../../json-schema/demands.js";
import { DEFAULT_MAX_STRING_LENGTH, MAX_STRING_LENGTH } from "../../../../json-schema/grammar-limits.js";
import type { SchemaNode } from "../../../../json-schema/schema-node.js";
import { SchemaNotSupportedError } from "../../../../json-schema/schema-not-supported-error.js";
import type { StringFormat } from "../../../../json-schema/string-format.js";
import type { GrammarRules } from "./grammar-rules.js";

/** Characters that need no escape. Surrogates are not characters in UTF-8. */
const PLAIN = String.raw`[\x20-\x21\x23-\x5B\x5D-\uD7FF\uE000-\U0010FFFF]`;

/** Four hex digits of an escape: a code unit that is a whole character, or a surrogate pair. */
const ESCAPED_UNIT = [
  "[0-9A-Ca-cE-Fe-f] [0-9A-Fa-f]{3}",
  "[Dd] [0-7] [0-9A-Fa-f]{2}",
  String.raw`[Dd] [89ABab] [0-9A-Fa-f]{2} "\\u" [Dd] [C-Fc-f] [0-9A-Fa-f]{2}`,
];

/** Returns sequences for the strings that satisfy all of `nodes`. Empty if there are none. */
export function writeString(rules: GrammarRules, nodes: readonly SchemaNode[]): string[] {
  const minimum = largest(nodes, ({ minLength }) => minLength);
  const maximum = smallest(nodes, ({ maxLength }) => maxLength);
  if (minimum > maximum) return [];
  const format = formatOf(nodes);
  if (format !== null) return writeFormat(rules, nodes, format, minimum, maximum);
  if (minimum > MAX_STRING_LENGTH) {
    throw refusal(nodes, "minLength", `is above ${MAX_STRING_LENGTH}, the longest supported string`);
  }
  const bound = maximum === Number.POSITIVE_INFINITY ? Math.max(minimum, DEFAULT_MAX_STRING_LENGTH) : maximum;
  const characters = rules.repeat(writeCharacter(rules), minimum, Math.min(bound, MAX_STRING_LENGTH));
  return [String.raw`"\"" ${characters} "\""`];
}

/** One code point in any spelling. */
function writeCharacter(rules: GrammarRules): string {
  const unit = rules.define("code-unit", ...ESCAPED_UNIT);
  return rules.define("character", PLAIN, String.raw`"\\" (["\\/bfnrt] | "u" ${unit})`);
}

function formatOf(nodes: readonly SchemaNode[]): StringFormat | null {
  const formats = new Set(nodes.flatMap(({ format }) => format ?? []));
  if (formats.size > 1) throw refusal(nodes, "format", "conflicts with another format");
  return [...formats][0] ?? null;
}

function writeFormat(
  rules: GrammarRules,
  nodes: readonly SchemaNode[],
  format: StringFormat,
  minimum: number,
  maximum: number,
): string[] {
  if (minimum > format.maxLength || maximum < format.minLength) return [];
  if (minimum > format.minLength || maximum < format.maxLength) {
    throw refusal(nodes, "format", "cannot be combined with these length limits");
  }
  return [String.raw`"\"" ${formatRules[format.name]?.(rules) ?? ""} "\""`];
}

const formatRules: Record<string, (rules: GrammarRules) => string> = {
  date: writeDate,
  time: writeTime,
  "date-time": (rules) => `${writeDate(rules)} "T" ${writeTime(rules)}`,
  uuid: (rules) => {
    const digits = (count: number) => `[0-9a-f]{${count}}`;
    return rules.define("uuid-text", [8, 4, 4, 4, 12].map(digits).join(' "-" '));
  },
  ipv4: (rules) => {
    const byte = rules.define("byte", '"25" [0-5]', '"2" [0-4] [0-9]', '"1" [0-9]{2}', "[1-9]? [0-9]");
    return rules.define("ipv4-text", [byte, byte, byte, byte].join(' "." '));
  },
};

function writeDate(rules: GrammarRules): string {
  const monthAndDay = rules.define(
    "month-and-day",
    '("0" [13578] | "1" [02]) "-" ("0" [1-9] | [12] [0-9] | "3" [01])',
    '("0" [469] | "11") "-" ("0" [1-9] | [12] [0-9] | "30")',
    '"02-" ("0" [1-9] | "1" [0-9] | "2" [0-8])',
  );
  const leapYear = rules.define(
    "leap-year",
    '[0-9]{2} ("0" [48] | [2468] [048] | [13579] [26])',
    '([02468] [048] | [13579] [26]) "00"',
  );
  return rules.define("date-text", `[0-9]{4} "-" ${monthAndDay}`, `${leapYear} "-02-29"`);
}

function writeTime(rules: GrammarRules): string {
  const hour = rules.define("hour", "[01] [0-9]", '"2" [0-3]');
  const minute = rules.define("minute", "[0-5] [0-9]");
  const offset = rules.define("offset", '"Z"', `[+-] ${hour} ":" ${minute}`);
  return rules.define("time-text", `${hour} ":" ${minute} ":" ${minute} ("." [0-9]{1,6})? ${offset}`);
}

function refusal(nodes: readonly SchemaNode[], keyword: string, what: string): SchemaNotSupportedError {
  const node = nodes.find(({ impliedTypes }) => impliedTypes.has("string"));
  return SchemaNotSupportedError.at({ path: node?.path ?? "", keyword, what });
}
