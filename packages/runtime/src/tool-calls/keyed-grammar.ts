import { choice, literal } from "../engines/llama/grammar/rules/grammar-rules.js";
import { isPlainObject } from "../json-schema/is-plain-object.js";
import type { KeyedNotation } from "./call-form.js";
import { loosenedGrammar } from "./call-grammar.js";

/** Longest literal text value. */
const MAX_RAW_CHARACTERS = 500;
const MAX_PROPERTIES = 64;
/** Keywords of a schema whose properties can be written one by one. */
const keyedKeywords: readonly string[] = [
  "$schema",
  "additionalProperties",
  "description",
  "properties",
  "required",
  "title",
  "type",
];
/** Keywords of a text schema that restrict only its length. */
const textKeywords: readonly string[] = [
  "default",
  "description",
  "examples",
  "maxLength",
  "minLength",
  "title",
  "type",
];

/** Properties of a tool's arguments that can be written one by one. */
export interface KeyedProperties {
  readonly properties: ReadonlyMap<string, object>;
  readonly required: ReadonlySet<string>;
}

/** Returns the properties of a schema, or null where it also restricts the object as a whole. */
export function keyedProperties(schema: object): KeyedProperties | null {
  const { type, properties = {}, required = [], additionalProperties = true } = schema as Record<string, unknown>;
  const isSimple =
    type === "object" &&
    isPlainObject(properties) &&
    Array.isArray(required) &&
    typeof additionalProperties === "boolean" &&
    Object.keys(schema).every((key) => keyedKeywords.includes(key)) &&
    !JSON.stringify(schema).includes('"$ref"');
  if (!isSimple) return null;
  const entries = Object.entries(properties);
  const areWritable = entries.every(([key, property]) => /^[A-Za-z_]\w*$/.test(key) && isPlainObject(property));
  if (!areWritable || entries.length > MAX_PROPERTIES) return null;
  if (required.some((key) => typeof key !== "string" || !Object.hasOwn(properties, key))) return null;
  return { properties: new Map(entries as [string, object][]), required: new Set(required as string[]) };
}

/**
 * Returns the grammar of a property's value up to one of the texts that may follow it, and whether the value is
 * literal.
 */
export function valueGrammar(
  schema: object,
  notation: KeyedNotation,
  ends: readonly string[],
): { grammar: string; isRaw: boolean } {
  const { type, enum: values } = schema as { type?: unknown; enum?: unknown };
  const { textMark, textIs, words } = notation;
  const end = choice(ends.map(literal));
  if (textIs === "raw" && isTextList(values) && (type === undefined || type === "string")) {
    const texts = values.map((value) => literal(textMark + value + textMark));
    return { grammar: `root ::= ${choice(texts)} ${end}\n`, isRaw: true };
  }
  if (type === "boolean" && Object.keys(schema).every((key) => textKeywords.includes(key))) {
    return { grammar: `root ::= ${choice([literal(words.true), literal(words.false)])} ${end}\n`, isRaw: false };
  }
  if (textIs === "raw" && isPlainText(schema)) return { grammar: rawGrammar(schema, textMark, end), isRaw: true };
  return { grammar: loosenedGrammar(schema, {}).replace(/^root ::= (.*)$/m, `root ::= ($1) ${end}`), isRaw: false };
}

/** A text without tags, quotation marks and line breaks. */
const plainWord = /^[^"<>\p{Cc}\s][^"<>\p{Cc}]*$/u;

/** Whether these are texts that are unambiguous without quotation marks. */
function isTextList(values: unknown): values is readonly string[] {
  return Array.isArray(values) && values.every((value) => typeof value === "string" && plainWord.test(value));
}

function isPlainText(schema: object): boolean {
  const { type, minLength = 0, maxLength } = schema as { type?: unknown; minLength?: unknown; maxLength?: unknown };
  const isBounded = typeof minLength === "number" && minLength <= MAX_RAW_CHARACTERS && maxLength !== 0;
  return type === "string" && isBounded && Object.keys(schema).every((key) => textKeywords.includes(key));
}

/** Returns a grammar of characters other than control characters and `<`. */
function rawGrammar(schema: object, textMark: string, end: string): string {
  const { minLength = 0, maxLength = MAX_RAW_CHARACTERS } = schema as { minLength?: number; maxLength?: number };
  const most = Math.min(maxLength, MAX_RAW_CHARACTERS);
  const mark = textMark === "" ? "" : literal(textMark);
  // The first character is not a space or a quotation mark, which would start a JSON string.
  const rest = `character{${Math.max(minLength, 1) - 1},${most - 1}}`;
  const text = minLength === 0 && textMark !== "" ? `(first ${rest})?` : `first ${rest}`;
  return [
    `root ::= ${mark} ${text} ${mark} ${end}`,
    String.raw`first ::= [^"<\x00-\x20\x7F]`,
    String.raw`character ::= [^<\x00-\x1F\x7F]`,
    "",
  ].join("\n");
}
