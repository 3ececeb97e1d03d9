import { cutText } from "@nanoagent/models";
import type { ToolCall } from "../engines/engine.js";
import { readExactJson } from "../json/exact-json.js";
import { wholeData, wholeJson, wholeText } from "../whole-text.js";
import { MAX_ARGUMENT_CHARACTERS, tooLarge } from "./argument-limits.js";
import { cleanText } from "./tool-result-text.js";

/** No tool has a longer name. */
const MAX_NAME_CHARACTERS = 64;
const MAX_ID_CHARACTERS = 256;

/** A call as it is told and kept, and as the engine gave it. */
export interface KeptCall {
  /** Plain data of bounded size, with an id that no other call of its step has and without anything that steers a terminal. */
  kept: ToolCall;
  /** For the tool: what is wrong with it is to be seen. */
  given: ToolCall;
  /** What `kept` takes, in characters. */
  size: number;
}

/**
 * Takes a call of an engine, whose word is not ours: names and arguments may be anything. `argumentsFor` says what its tool
 * would get.
 */
export function keepCall(
  call: ToolCall,
  before: readonly KeptCall[],
  argumentsFor = (call: ToolCall) => call.arguments,
): KeptCall {
  const id = uniqueId(call.id, before);
  const name = cutText(cleanText(cutText(call.name, 2 * MAX_NAME_CHARACTERS)), MAX_NAME_CHARACTERS);
  const text = plainJson(argumentsFor(call));
  return {
    kept: { id, name, arguments: JSON.parse(text) },
    given: { ...call, id, name: wholeText(call.name), arguments: wholeData(call.arguments) },
    size: id.length + name.length + text.length,
  };
}

function uniqueId(given: string, before: readonly KeptCall[]): string {
  const isFree = (id: string) => !before.some(({ kept }) => kept.id === id);
  const id = cleanText(cutText(given, MAX_ID_CHARACTERS));
  if (id !== "" && isFree(id)) return id;
  for (let number = before.length + 1; ; number++) if (isFree(`call-${number}`)) return `call-${number}`;
}

/** JSON of the arguments; of those that no tool would take, why they are not kept: an empty object would say that there were none. */
function plainJson(given: unknown): string {
  try {
    const size = tooLarge(given);
    if (size !== null) return notKept(size);
    // A text of JSON stands for what it says; where its numbers would be changed they are texts.
    const read = typeof given === "string" ? readExactJson(given)?.value : undefined;
    const value = typeof read === "object" ? read : given;
    const readSize = value === given ? null : tooLarge(value);
    if (readSize !== null) return notKept(readSize);
    const text = value === undefined ? "{}" : wholeJson(value);
    if (text === undefined) return notKept(notJson);
    // Escapes make JSON longer than what it stands for.
    const most = 2 * MAX_ARGUMENT_CHARACTERS;
    return text.length > most ? notKept(`they have more than ${most} characters as JSON.`) : text;
  } catch {
    // A number that JSON cannot hold, or a part that does not let itself be read.
    return notKept(notJson);
  }
}

const notJson = "they are not JSON.";

function notKept(why: string): string {
  return JSON.stringify({ not_kept: `The arguments are left out here: ${why}` });
}
