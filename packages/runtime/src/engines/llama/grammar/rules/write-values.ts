import { type GrammarRules, literal } from "./grammar-rules.js";
import { writeColon, writeComma } from "./write-separator.js";

/** Returns the name of a rule for exactly these values. There must be at least one. */
export function writeValues(rules: GrammarRules, values: readonly unknown[]): string {
  const texts = new Set<string>();
  const alternatives = new Set<string>();
  for (const value of values) {
    if (typeof value === "object" && value !== null) alternatives.add(writeStructure(rules, value));
    else texts.add(JSON.stringify(value));
  }
  if (texts.size > 0) alternatives.add(writeTexts(rules, [...texts].sort(), 0));
  return rules.define("value", ...alternatives);
}

/** A list or an object, with the standard spaces. */
function writeStructure(rules: GrammarRules, value: object): string {
  const write = (inner: unknown) =>
    typeof inner === "object" && inner !== null ? writeStructure(rules, inner) : literal(JSON.stringify(inner));
  const parts = Array.isArray(value)
    ? value.map(write)
    : Object.entries(value).map(
        ([name, inner]) => `${literal(JSON.stringify(name))} ${writeColon(rules)} ${write(inner)}`,
      );
  const [open, close] = Array.isArray(value) ? ['"["', '"]"'] : ['"{"', '"}"'];
  return rules.define("value", [open, parts.join(` ${writeComma(rules)} `), close].filter(Boolean).join(" "));
}

/**
 * Expression for one of `texts`, which are sorted and share their first `from` code units. A common prefix is written
 * once, so that the engine follows one path instead of one per text.
 */
function writeTexts(rules: GrammarRules, texts: readonly string[], from: number): string {
  const shared = sharedLength(texts[0] ?? "", texts.at(-1) ?? "");
  const start = texts[0]?.slice(from, shared) ?? "";
  if (texts.length === 1) return literal(start);
  const byNext = new Map<string, string[]>();
  for (const text of texts) {
    const next = characterAt(text, shared);
    const group = byNext.get(next);
    if (group === undefined) byNext.set(next, [text]);
    else group.push(text);
  }
  const alternatives = [...byNext].map(([next, rest]) => (next === "" ? '""' : writeTexts(rules, rest, shared)));
  const branch = rules.define("text", ...alternatives);
  return start === "" ? branch : `${literal(start)} ${branch}`;
}

function characterAt(text: string, index: number): string {
  const codePoint = text.codePointAt(index);
  return codePoint === undefined ? "" : String.fromCodePoint(codePoint);
}

function sharedLength(left: string, right: string): number {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length += 1;
  // A grammar cannot be divided inside a surrogate pair.
  return /[\uD800-\uDBFF]/.test(left.charAt(length - 1)) ? length - 1 : length;
}
