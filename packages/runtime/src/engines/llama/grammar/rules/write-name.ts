import { MAX_NAME_LENGTH } from "../../../../json-schema/grammar-limits.js";
import { type GrammarRules, literal } from "./grammar-rules.js";

/** Code point ranges of the allowed characters: those with only one spelling in JSON here. */
const plainRanges: readonly (readonly [number, number])[] = [
  [0x20, 0x21],
  [0x23, 0x5b],
  [0x5d, 0xd7ff],
  [0xe000, 0x10ffff],
];

/**
 * Writes a rule for names other than the declared ones. `__proto__` is always excluded, because it could harm code that
 * copies a reply.
 */
export function writeOtherName(rules: GrammarRules, names: readonly string[]): string {
  const root: NamePart = { ends: true, next: new Map() };
  for (const name of [...names, "__proto__"]) {
    const characters = [...name];
    // Names that are longer, or that need escapes, cannot be written here anyway.
    if (characters.length > MAX_NAME_LENGTH || !characters.every(isPlain)) continue;
    let part = root;
    for (const character of characters) {
      let next = part.next.get(character);
      if (next === undefined) {
        next = { ends: false, next: new Map() };
        part.next.set(character, next);
      }
      part = next;
    }
    part.ends = true;
  }
  return rules.define("other-name", String.raw`"\"" ${writeRest(rules, root, writeTails(rules))} "\""`);
}

/** Declared names with a common prefix. */
interface NamePart {
  /** Whether the prefix itself is an excluded name. */
  ends: boolean;
  readonly next: Map<string, NamePart>;
}

/** Rules for up to 0, 1, 2 and more characters, shared by all places that need them. */
function writeTails(rules: GrammarRules): string[] {
  const character = rules.define("name-character", plainExcept([]));
  const tails = ['""'];
  for (let length = 1; length < MAX_NAME_LENGTH; length++) {
    tails.push(rules.define("name-tail", '""', `${character} ${tails.at(-1)}`));
  }
  return tails;
}

/** `tails` has one rule for each character that may still be written. */
function writeRest(rules: GrammarRules, { ends, next }: NamePart, tails: readonly string[]): string {
  const alternatives = ends ? [] : ['""'];
  const tail = tails.at(-1);
  if (tail !== undefined) {
    alternatives.push(`${plainExcept([...next.keys()])} ${tail}`);
    for (const [character, part] of next) {
      alternatives.push(`${literal(character)} ${writeRest(rules, part, tails.slice(0, -1))}`);
    }
  }
  return rules.define("name-rest", ...alternatives);
}

function isPlain(character: string): boolean {
  const codePoint = character.codePointAt(0) ?? 0;
  return plainRanges.some(([first, last]) => codePoint >= first && codePoint <= last);
}

function plainExcept(characters: readonly string[]): string {
  const excluded = characters.map((character) => character.codePointAt(0) ?? 0).sort((a, b) => a - b);
  const ranges: string[] = [];
  for (const [first, last] of plainRanges) {
    let from = first;
    for (const codePoint of excluded) {
      if (codePoint < from || codePoint > last) continue;
      if (from < codePoint) ranges.push(range(from, codePoint - 1));
      from = codePoint + 1;
    }
    if (from <= last) ranges.push(range(from, last));
  }
  return `[${ranges.join("")}]`;
}

function escaped(codePoint: number): string {
  const digits = codePoint.toString(16).toUpperCase();
  if (digits.length <= 2) return `\\x${digits.padStart(2, "0")}`;
  return digits.length <= 4 ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
}

function range(first: number, last: number): string {
  return first === last ? escaped(first) : `${escaped(first)}-${escaped(last)}`;
}
