import { cutText } from "@nanoagent/models";
import type { EngineTool } from "../engines/engine.js";
import { splitWords, type Word } from "../split-words.js";
import { completeArguments } from "./complete-arguments.js";
import { isFiller } from "./fillers.js";
import type { FollowUp } from "./follow-up.js";
import { explicitTextAt } from "./free-text.js";
import { askingOf } from "./question-marks.js";
import { READING, thingsOf } from "./related-words.js";
import { type ArgumentProperty, argumentProperties, isSameWord, readStated } from "./stated-arguments.js";
import { wordsOfTool } from "./tool-words.js";

/** Evidence for one tool without a model: words that it shares with a message, and stated arguments. */
export interface WordEvidence {
  /** Shared words, weighted by their rarity among the tools; 0 without any. */
  words: number;
  /** The same for related words and words of other languages. */
  things: number;
  /** Number of meaningful words of the message that the tool does not explain. */
  unexplained: number;
  /** 1 where the tool requires a text and the message announces or quotes one, otherwise 0. */
  text: number;
  /** Number of choices that the message names a value for. */
  values: number;
  /** 1 where a number argument is stated, -1 where a required one is not, otherwise 0. */
  number: number;
  /** Share of the required arguments that the message states, from 0 to 1; 1 without any. */
  stated: number;
}

/** Shortest common beginning for two words to count as one. */
const STEM_CHARACTERS = 4;
const MAX_MESSAGE_CHARACTERS = 2000;

/** Returns the word evidence of a message for each tool. */
export function wordEvidence(followUp: FollowUp, tools: readonly EngineTool[]): WordEvidence[] {
  const message = cutText(followUp.message, MAX_MESSAGE_CHARACTERS);
  const said = splitWords(message);
  const ofTools = tools.map(wordsOfTool);
  const thingsOfTools = ofTools.map(thingsIn);
  const wanted = thingsIn(said.map(({ text }) => text));
  // A question asks for a reading, whatever its verb.
  if (askingOf(message) === "fact") wanted.add(READING);
  const textAt = explicitTextAt(message, said);
  return tools.map((tool, index) => {
    const properties = argumentProperties(tool.inputSchema);
    const { values, several, used } = readStated(properties, message);
    const { sets, missing, open } = completeArguments(tool, { ...followUp, message });
    const own = ofTools[index] ?? [];
    const takesText = textAt !== null && properties.some(({ kind, isRequired }) => kind === "text" && isRequired);
    const explained = takesText
      ? new Set([...used, ...said.keys()].filter((at) => used.has(at) || at >= textAt))
      : used;
    return {
      words: sharedWords(said, own, ofTools),
      things: sharedThings(wanted, thingsOfTools[index] ?? new Set(), thingsOfTools),
      unexplained: unexplainedWords(said, own, explained),
      text: takesText ? 1 : 0,
      values: properties.filter(
        ({ kind, name }) => kind === "choice" && (Object.hasOwn(values, name) || several?.name === name),
      ).length,
      number: numberEvidence(properties, sets[0] ?? {}),
      stated: statedShare(properties, [...missing, ...open]),
    };
  });
}

function sharedWords(said: readonly Word[], own: readonly string[], ofTools: readonly (readonly string[])[]): number {
  let sum = 0;
  for (const word of own) {
    if (word.length < 3 || !said.some(({ text }) => isRelated(text, word))) continue;
    const uses = ofTools.filter((others) => others.some((other) => isRelated(other, word))).length;
    // A word of most tools does not distinguish any.
    if (uses <= ofTools.length / 2) sum += Math.log(ofTools.length / uses);
  }
  return sum;
}

/** Weighs the related words of a message and a tool by their rarity among the tools. */
function sharedThings(
  wanted: ReadonlySet<number>,
  own: ReadonlySet<number>,
  ofTools: readonly ReadonlySet<number>[],
): number {
  let sum = 0;
  for (const thing of wanted) {
    if (!own.has(thing)) continue;
    const uses = ofTools.filter((others) => others.has(thing)).length;
    // Things that most tools have in common count little, but more than nothing.
    sum += Math.log((ofTools.length + 1) / uses);
  }
  return sum;
}

function thingsIn(words: readonly string[]): Set<number> {
  return new Set(words.flatMap((word) => thingsOf(word)));
}

/** Counts the meaningful words that neither the tool's words nor its arguments explain. */
function unexplainedWords(said: readonly Word[], own: readonly string[], used: ReadonlySet<number>): number {
  const things = thingsIn(own);
  return said.filter(
    ({ text, kind }, at) =>
      kind === "word" &&
      text.length > 3 &&
      !used.has(at) &&
      !isFiller(text) &&
      !own.some((word) => isRelated(text, word)) &&
      !thingsOf(text).some((thing) => things.has(thing)),
  ).length;
}

function isRelated(one: string, other: string): boolean {
  if (one === other) return true;
  if (one.length < STEM_CHARACTERS || other.length < STEM_CHARACTERS) return false;
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  const shared = Math.max(STEM_CHARACTERS, short.length - 2);
  return long.startsWith(short.slice(0, shared)) || isSameWord(long, short);
}

function numberEvidence(properties: readonly ArgumentProperty[], values: Record<string, unknown>): number {
  const numbers = properties.filter(({ kind }) => kind === "number");
  if (numbers.some(({ name }) => Object.hasOwn(values, name))) return 1;
  return numbers.some(({ isRequired }) => isRequired) ? -1 : 0;
}

function statedShare(properties: readonly ArgumentProperty[], missing: readonly ArgumentProperty[]): number {
  const readable = (property: ArgumentProperty) => property.kind !== "text" && property.kind !== "other";
  const required = properties.filter((property) => property.isRequired && readable(property)).length;
  return required === 0 ? 1 : 1 - missing.filter(readable).length / required;
}
