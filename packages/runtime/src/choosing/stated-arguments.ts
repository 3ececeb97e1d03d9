import { splitWords, type Word } from "../split-words.js";
import { fitsUnit, type SaidNumber, saidNumbers, toUnit, type Unit, unitNamed } from "./said-numbers.js";
import { type SpokenLanguage, spokenLanguage } from "./spoken-language.js";
import { waysToSay } from "./spoken-values.js";

/** A property of a tool's arguments that may be read from a message. */
export interface ArgumentProperty {
  name: string;
  isRequired: boolean;
  kind: "choice" | "number" | "boolean" | "text" | "choices" | "other";
  /** Values of a `choice`, or of the items of `choices`. */
  choices: readonly (string | number | boolean)[];
  minimum: number | null;
  maximum: number | null;
  isInteger: boolean;
  unit: Unit | null;
  /** Name and description. */
  about: string;
}

/** The arguments that a message states. */
export interface StatedArguments {
  values: Record<string, unknown>;
  /** Several values that the message names for a property with one value. Each becomes a separate act. */
  several: { name: string; values: readonly unknown[] } | null;
  /** Required properties that the message does not state. */
  missing: ArgumentProperty[];
  /** Indexes of the words that values were read from. */
  used: ReadonlySet<number>;
}

type JsonSchema = Record<string, unknown>;

/** Returns the properties of a schema with the known facts about their values. */
export function argumentProperties(schema: object): ArgumentProperty[] {
  const { properties = {}, required = [] } = schema as { properties?: Record<string, JsonSchema>; required?: unknown };
  const isRequired = (name: string) => Array.isArray(required) && required.includes(name);
  return Object.entries(properties ?? {}).map(([name, property]) => ({
    ...describeProperty(name, property ?? {}),
    isRequired: isRequired(name),
  }));
}

function describeProperty(name: string, given: JsonSchema): Omit<ArgumentProperty, "isRequired"> {
  const property = typeof given === "object" ? given : {};
  const { type, description, enum: values, minimum, maximum, items } = property;
  const about = `${name.replaceAll("_", " ")} ${typeof description === "string" ? description : ""}`;
  const base = { name, choices: [], minimum: null, maximum: null, isInteger: type === "integer", unit: null, about };
  const choicesOf = (list: unknown) =>
    (Array.isArray(list) ? list : []).filter((value) => ["string", "number", "boolean"].includes(typeof value));
  if (Array.isArray(values)) return { ...base, kind: "choice", choices: choicesOf(values) };
  if (type === "boolean") return { ...base, kind: "boolean", choices: [true, false] };
  if (type === "number" || type === "integer") {
    const bound = (value: unknown) => (typeof value === "number" ? value : null);
    return { ...base, kind: "number", minimum: bound(minimum), maximum: bound(maximum), unit: unitNamed(about) };
  }
  if (type === "string") return { ...base, kind: "text" };
  const of = (items as JsonSchema | undefined)?.enum;
  if (type === "array" && Array.isArray(of)) return { ...base, kind: "choices", choices: choicesOf(of) };
  return { ...base, kind: "other" };
}

/** Reads the arguments that a message states. Free text is left to {@link readFreeText}. */
export function readStated(properties: readonly ArgumentProperty[], message: string): StatedArguments {
  const words = splitWords(message);
  const language = spokenLanguage(message);
  const used = new Set<number>();
  const values: Record<string, unknown> = {};
  let several: StatedArguments["several"] = null;
  for (const property of properties) {
    if (property.kind !== "choice" && property.kind !== "choices") continue;
    const found = saidChoices(property.choices, words, language, used);
    for (const { first, end } of found) for (let at = first; at < end; at++) used.add(at);
    const distinct = [...new Set(found.map(({ value }) => value))];
    if (distinct.length === 0) continue;
    if (property.kind === "choices") values[property.name] = distinct;
    else if (distinct.length === 1 || several !== null) values[property.name] = distinct[0];
    else several = { name: property.name, values: distinct };
  }
  for (const property of properties) {
    if (property.kind !== "boolean") continue;
    const value = saidBoolean(property, words, language);
    if (value !== null) values[property.name] = value;
  }
  for (const [name, value] of assignNumbers(properties, words, used)) values[name] = value;
  const isStated = ({ name }: ArgumentProperty) => Object.hasOwn(values, name) || several?.name === name;
  const missing = properties.filter((property) => property.isRequired && !isStated(property));
  return { values, several, missing, used };
}

/** Index of the first word that names a value of a property, or -1. */
export function placeOf(
  value: unknown,
  { choices }: ArgumentProperty,
  words: readonly Word[],
  message: string,
): number {
  return (
    saidChoices(choices, words, spokenLanguage(message), new Set()).find((said) => said.value === value)?.first ?? -1
  );
}

interface SaidChoice {
  value: string | number | boolean;
  first: number;
  end: number;
}

/** Returns the values that a message names, longest names first. Each word counts for one value only. */
function saidChoices(
  choices: ArgumentProperty["choices"],
  words: readonly Word[],
  language: SpokenLanguage,
  taken: ReadonlySet<number>,
): SaidChoice[] {
  const names = choices
    .flatMap((value) => waysToSay(value, language).map((way) => ({ value, parts: splitWords(way) })))
    .filter(({ parts }) => parts.length > 0)
    .sort((one, other) => other.parts.length - one.parts.length);
  const isTaken = new Set(taken);
  const found: SaidChoice[] = [];
  for (const { value, parts } of names) {
    for (let first = 0; first + parts.length <= words.length; first++) {
      const isHere = parts.every(
        ({ text }, offset) => !isTaken.has(first + offset) && isSameWord(words[first + offset]?.text ?? "", text),
      );
      if (!isHere) continue;
      for (let at = first; at < first + parts.length; at++) isTaken.add(at);
      found.push({ value, first, end: first + parts.length });
    }
  }
  if (found.length === 0) found.push(...cognate(choices, words, isTaken));
  return withoutPreposition(found, words).sort((one, other) => one.first - other.first);
}

/** Shortest common beginning that identifies a word of another language: clásica, Tomaten. */
const COGNATE_CHARACTERS = 4;

/**
 * Returns the only value whose name begins like a word of another language in the message. Empty if there are several.
 */
function cognate(
  choices: ArgumentProperty["choices"],
  words: readonly Word[],
  taken: ReadonlySet<number>,
): SaidChoice[] {
  const beginning = (text: string) => text.normalize("NFD").replace(/\p{M}/gu, "").slice(0, COGNATE_CHARACTERS);
  const matches: SaidChoice[] = [];
  for (const value of choices) {
    if (typeof value !== "string") continue;
    for (const part of splitWords(value.replaceAll("_", " "))) {
      const at = words.findIndex(
        ({ text }, index) =>
          !taken.has(index) &&
          Math.min(text.length, part.text.length) > COGNATE_CHARACTERS &&
          beginning(text) === beginning(part.text),
      );
      if (at >= 0) matches.push({ value, first: at, end: at + 1 });
    }
  }
  return new Set(matches.map(({ value }) => value)).size === 1 ? matches.slice(0, 1) : [];
}

/** Ignores `on` before an article or a day where another state is named: turn it off on Monday. */
function withoutPreposition(found: readonly SaidChoice[], words: readonly Word[]): SaidChoice[] {
  const isPreposition = ({ first, end }: SaidChoice) =>
    words[first]?.text === "on" && /^(?:the|my|mon|tue|wed|thu|fri|sat|sun|it|this|that)/.test(words[end]?.text ?? "");
  const others = found.filter((choice) => !isPreposition(choice));
  return others.length > 0 ? others : [...found];
}

/** Shortest word whose inflections and compounds are recognized. */
const MIN_STEM_CHARACTERS = 5;

/** Whether a word is the name of a value, also inflected (`kitchens`) or at the start of a compound (`Küchenlicht`). */
export function isSameWord(word: string, value: string): boolean {
  if (word === value) return true;
  if (value.length < MIN_STEM_CHARACTERS)
    return word.length - value.length <= 1 && word === `${value}s` && value.length > 2;
  if (word.startsWith(value)) return true;
  // The last letter of a stem can change in the plural: valves, Pumpen, lumière.
  return word.length >= value.length - 1 && word.length <= value.length + 2 && word.startsWith(value.slice(0, -1));
}

const negations = /^(?:not|dont|don|without|no|nicht|kein|keine|keinen|ohne|pas|sans|sin|senza|non)$/;

function saidBoolean(
  { name, about }: ArgumentProperty,
  words: readonly Word[],
  language: SpokenLanguage,
): boolean | null {
  const says = (value: boolean) => saidChoices([value], words, language, new Set()).length > 0;
  const stems = splitWords(name.replaceAll("_", " "))
    .map(({ text }) => text)
    .filter((text) => text.length >= 4);
  const at = words.findIndex(({ text }) => stems.some((stem) => isSameWord(text, stem)));
  if (at >= 0) {
    const isNegated = words.slice(Math.max(0, at - 3), at).some(({ text }) => negations.test(text));
    return !isNegated;
  }
  if (words.some(({ text }) => stems.some((stem) => text === `un${stem}` || text === `dis${stem}`))) return false;
  if (!/\b(?:on|off|enabled|active|state|power|switch)/i.test(about)) return null;
  if (says(false)) return false;
  return says(true) ? true : null;
}

/** Assigns the numbers of a message to number properties, by unit first, then in order. */
function assignNumbers(
  properties: readonly ArgumentProperty[],
  words: readonly Word[],
  used: Set<number>,
): Map<string, number> {
  const open = properties.filter(({ kind }) => kind === "number");
  if (open.length === 0) return new Map();
  let numbers = saidNumbers(words).filter(({ first }) => !used.has(first));
  const assigned = new Map<string, number>();
  const take = (property: ArgumentProperty, number: SaidNumber) => {
    const value = inProperty(property, number);
    if (value === null) return;
    assigned.set(property.name, value);
    numbers = numbers.filter((other) => other !== number);
    for (let at = number.first; at < number.end; at++) used.add(at);
  };
  for (const property of open) {
    const match = numbers.find(
      (number) =>
        number.unit !== null && number.unit !== "other" && property.unit !== null && fitsUnit(number, property.unit),
    );
    if (match !== undefined) take(property, match);
  }
  for (const property of open) {
    if (assigned.has(property.name)) continue;
    const fitting = numbers.filter(
      (number) => fitsUnit(number, property.unit) && inProperty(property, number) !== null,
    );
    // With several candidates, the model decides.
    const first = fitting[0];
    const others = open.filter(({ name }) => name !== property.name && !assigned.has(name)).length;
    if (first !== undefined && fitting.length <= 1 + others) take(property, first);
  }
  for (const property of open) {
    const extreme = assigned.has(property.name) ? null : saidShare(property, words);
    if (extreme !== null) assigned.set(property.name, extreme);
  }
  return assigned;
}

/** Converts a number for a property, or returns null where it is invalid. */
function inProperty({ unit, minimum, maximum, isInteger }: ArgumentProperty, number: SaidNumber): number | null {
  const value = toUnit(number, unit);
  if (isInteger && !Number.isInteger(value)) return null;
  if ((minimum !== null && value < minimum) || (maximum !== null && value > maximum)) return null;
  return value;
}

const halfWords = /^(?:half|halfway|hälfte|halb|moitié|mitad|metà)$/;
const fullWords =
  /^(?:full|fully|maximum|max|completely|ganz|voll|maximal|maximum|complètement|fond|máximo|completamente|massimo)$/;

/** Reads "half" and "full" for a share with a known range. */
function saidShare({ minimum, maximum, isInteger, unit }: ArgumentProperty, words: readonly Word[]): number | null {
  if (maximum === null || (unit !== null && unit !== "percent")) return null;
  if (words.some(({ text }) => fullWords.test(text))) return maximum;
  if (minimum === null || !words.some(({ text }) => halfWords.test(text))) return null;
  const half = (minimum + maximum) / 2;
  return isInteger && !Number.isInteger(half) ? null : half;
}
