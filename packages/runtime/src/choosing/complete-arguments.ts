import type { EngineTool } from "../engines/engine.js";
import type { FollowUp } from "./follow-up.js";
import { readFreeText, readPurpose } from "./free-text.js";
import { namedNumber } from "./named-numbers.js";
import { changedNumber } from "./number-changes.js";
import { readTime } from "./said-time.js";
import { type ArgumentProperty, argumentProperties, readStated } from "./stated-arguments.js";
import { wordsOfTool } from "./tool-words.js";

/** The arguments of a call, as far as they are known without asking. */
export interface CompletedArguments {
  /** One set of arguments for each call: several where the message names several values for one property. */
  sets: Record<string, unknown>[];
  /** Required choices that the message does not name in words of theirs: the model may know what is meant. */
  open: ArgumentProperty[];
  /** Required arguments that nobody stated. */
  missing: ArgumentProperty[];
  /** Required arguments that only the model can write. */
  unwritten: ArgumentProperty[];
}

/** Fills in a tool's arguments from the message and, where it leans on the call before, from that. */
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
  for (const property of properties) {
    if (Object.hasOwn(values, property.name) || several?.name === property.name) continue;
    const value = readValue(property, { description, message, toolWords, used, texts: textsIn(properties) });
    if (value !== null) values[property.name] = value;
    else if (canLean(property, earlier, isSameTool)) values[property.name] = earlier[property.name];
    else if (missing.some((other) => other.name === property.name)) listOf(property, result).push(property);
  }
  const sets = several === null ? [values] : several.values.map((value) => ({ ...values, [several.name]: value }));
  return { ...result, sets };
}

function listOf({ kind }: ArgumentProperty, { open, missing, unwritten }: CompletedArguments): ArgumentProperty[] {
  if (kind === "choice") return open;
  return kind === "other" || kind === "choices" ? unwritten : missing;
}

/** Number of properties that take free text. */
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
  if (property.isRequired) return readFreeText(message, toolWords, used);
  return texts === 1 ? readPurpose(message, toolWords, used) : null;
}

/** Whether an argument of the call before is meant again: the same tool's, or one that this tool needs under the same name. */
function canLean(
  { name, isRequired }: ArgumentProperty,
  earlier: Record<string, unknown>,
  isSameTool: boolean,
): boolean {
  return Object.hasOwn(earlier, name) && (isSameTool || isRequired);
}
