import type { EngineTool } from "../engines/engine.js";
import { splitWords } from "../split-words.js";
import { isFiller } from "./fillers.js";
import type { FollowUp } from "./follow-up.js";
import { readFreeText, readPurpose } from "./free-text.js";
import { namedNumber } from "./named-numbers.js";
import { changedNumber } from "./number-changes.js";
import { thingsOf } from "./related-words.js";
import { readFileName, readPersonName } from "./said-names.js";
import { fitsUnit, isUnitWord, saidNumbers, toUnit } from "./said-numbers.js";
import { readTime } from "./said-time.js";
import { type ArgumentProperty, argumentProperties, placeOf, readStated } from "./stated-arguments.js";
import { wordsOfTool } from "./tool-words.js";

/** The arguments of a call that are known without asking. */
export interface CompletedArguments {
  /** One set of arguments per call. There are several where the message names several values for one property. */
  sets: Record<string, unknown>[];
  /** Required choices that the message does not name literally. The model may infer them. */
  open: ArgumentProperty[];
  /** Required arguments that were not stated. */
  missing: ArgumentProperty[];
  /** Required arguments that only the model can write. */
  unwritten: ArgumentProperty[];
}

/** Completes a tool's arguments from the message and, where it refers to the previous call, from that call. */
export function completeArguments(
  { name, description, inputSchema }: EngineTool,
  { message, before, leansOnIt }: FollowUp,
): CompletedArguments {
  const properties = argumentProperties(inputSchema);
  const toolWords = new Set(wordsOfTool({ name, description }));
  const { values, several, missing, used } = readStated(properties, message);
  const earlier = before !== null && leansOnIt ? (before.arguments as Record<string, unknown>) : {};
  const isSameTool = before?.name === name;
  const result: CompletedArguments = { sets: [], open: [], missing: [], unwritten: [] };
  if (leansOnIt && isSameTool) {
    for (const property of properties) {
      const changed = changedNumber(property, earlier[property.name], message);
      if (changed !== null) values[property.name] = changed;
    }
  }
  const namesMore = saysUnknown(message, toolWords, used);
  for (const property of properties) {
    if (Object.hasOwn(values, property.name) || several?.name === property.name) continue;
    const value = readValue(property, { description, message, toolWords, used, texts: textsIn(properties) });
    if (value !== null) values[property.name] = value;
    else if (canLean(property, earlier, isSameTool) && !(property.kind === "choice" && namesMore))
      values[property.name] = earlier[property.name];
    else if (missing.some((other) => other.name === property.name)) {
      // Only an unknown word can be another name for a value.
      const isNamed = property.kind !== "choice" || namesMore;
      (isNamed ? listOf(property, result) : result.missing).push(property);
    }
  }
  const sets = several === null ? [values] : setsOf(several, values, properties, message);
  const isMissing = ({ name }: ArgumentProperty) => sets.some((set) => !Object.hasOwn(set, name));
  return { ...result, missing: result.missing.filter(isMissing), sets };
}

/** Makes one set of arguments for each value of `several`. A number before a value belongs to that value. */
function setsOf(
  { name, values: each }: NonNullable<ReturnType<typeof readStated>["several"]>,
  values: Record<string, unknown>,
  properties: readonly ArgumentProperty[],
  message: string,
): Record<string, unknown>[] {
  const words = splitWords(message);
  const property = properties.find((other) => other.name === name);
  const number = properties.find(({ kind }) => kind === "number");
  const numbers = saidNumbers(words).filter((said) => number !== undefined && fitsUnit(said, number.unit));
  return each.map((value) => {
    const at = property === undefined ? -1 : placeOf(value, property, words, message);
    const own = numbers.length < 2 ? undefined : numbers.findLast(({ first }) => first < at);
    const said = own !== undefined && number !== undefined ? { [number.name]: toUnit(own, number.unit) } : {};
    return { ...values, ...said, [name]: value };
  });
}

function listOf({ kind }: ArgumentProperty, { open, missing, unwritten }: CompletedArguments): ArgumentProperty[] {
  if (kind === "choice") return open;
  return kind === "other" || kind === "choices" ? unwritten : missing;
}

const namesFile = /\b(?:file|filename|path|document)\b/i;
const namesPerson =
  /\b(?:person|member|user|guest|customer|recipient|contact|employee|for whom|who|first name|surname|full name)\b/i;

/** Counts the properties with free text. */
function textsIn(properties: readonly ArgumentProperty[]): number {
  return properties.filter(({ kind }) => kind === "text").length;
}

interface Said {
  description: string;
  message: string;
  toolWords: ReadonlySet<string>;
  used: ReadonlySet<number>;
  texts: number;
}

function readValue(property: ArgumentProperty, { description, message, toolWords, used, texts }: Said): unknown {
  if (property.kind === "number") return namedNumber(property, description, message);
  if (property.kind !== "text") return null;
  const time = readTime(message);
  if (/\b(?:time|clock|hh|when|hour)\b/i.test(property.about)) return time;
  if (namesFile.test(property.about)) return readFileName(message);
  if (namesPerson.test(property.about)) return readPersonName(message, used);
  if (property.isRequired) return readFreeText(message, toolWords, used);
  return texts === 1 ? readPurpose(message, toolWords, used) : null;
}

/** Whether a follow-up message contains an unknown word that may name a value. */
function saysUnknown(message: string, toolWords: ReadonlySet<string>, used: ReadonlySet<number>): boolean {
  return splitWords(message).some(
    ({ text, kind }, at) =>
      kind === "word" &&
      text.length > 3 &&
      !used.has(at) &&
      !toolWords.has(text) &&
      !isFiller(text) &&
      !isUnitWord(text) &&
      thingsOf(text).length === 0,
  );
}

/**
 * Whether an argument of the previous call applies again: it is of the same tool, or this tool requires the same name.
 */
function canLean(
  { name, isRequired }: ArgumentProperty,
  earlier: Record<string, unknown>,
  isSameTool: boolean,
): boolean {
  return Object.hasOwn(earlier, name) && (isSameTool || isRequired);
}
