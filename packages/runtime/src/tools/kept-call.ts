import { cutText } from "@nanoagent/models";
import type { ToolCall } from "../engines/engine.js";
import { readExactJson } from "../json/exact-json.js";
import { wholeData, wholeJson, wholeText } from "../whole-text.js";
import { MAX_ARGUMENT_CHARACTERS, tooLarge } from "./argument-limits.js";
import { cleanText } from "./tool-result-text.js";

/** Longest name of a tool. */
const MAX_NAME_CHARACTERS = 64;
const MAX_ID_CHARACTERS = 256;

/** A call in the form that is shown and kept, and as the engine sent it. */
export interface KeptCall {
  /** Plain data of bounded size without terminal control sequences. The id is unique within the step. */
  kept: ToolCall;
  /** The original call for the tool, including any errors in it. */
  given: ToolCall;
  /** Size of `kept`, in characters. */
  size: number;
}

/**
 * Sanitizes a call from an engine, whose name and arguments may be anything. `argumentsFor` returns the arguments that
 * the call's tool would get.
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

/**
 * Returns the arguments as JSON. Arguments that no tool would accept are replaced by the reason, because an empty
 * object would look like a call without arguments.
 */
function plainJson(given: unknown): string {
  try {
    const size = tooLarge(given);
    if (size !== null) return notKept(size);
    // A JSON text is stored as its value. Numbers that JavaScript would change become texts.
    const read = typeof given === "string" ? readExactJson(given)?.value : undefined;
    const value = typeof read === "object" ? read : given;
    const readSize = value === given ? null : tooLarge(value);
    if (readSize !== null) return notKept(readSize);
    const text = value === undefined ? "{}" : wholeJson(value);
    if (text === undefined) return notKept(notJson);
    // Escapes make JSON longer than its value.
    const most = 2 * MAX_ARGUMENT_CHARACTERS;
    return text.length > most ? notKept(`they have more than ${most} characters as JSON.`) : text;
  } catch {
    // A number that JSON cannot express, or a getter that throws.
    return notKept(notJson);
  }
}

const notJson = "they are not JSON.";

function notKept(why: string): string {
  return JSON.stringify({ not_kept: `The arguments are left out here: ${why}` });
}
