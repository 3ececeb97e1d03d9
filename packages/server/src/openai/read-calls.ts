import type { ToolCall } from "@nanoagent/runtime";
import { ServiceError } from "../errors/service-error.js";
import { type Fields, isFields, shown, wrongType } from "../requests/request-fields.js";

/** Returns the calls of an assistant's message, in the form of chat completions. Throws {@link ServiceError}. */
export function readCalls(calls: readonly unknown[], param: string): ToolCall[] {
  return calls.map((call, index) => {
    const at = `${param}[${index}]`;
    if (!isFields(call)) throw wrongType(at, "an object", call);
    if (call.type !== undefined && call.type !== "function") throw wrongType(`${at}.type`, '"function"', call.type);
    if (!isFields(call.function)) throw wrongType(`${at}.function`, "an object", call.function);
    return readCall(call.id, `${at}.id`, call.function, `${at}.function`);
  });
}

/** Returns a call by its id and the fields with its name and arguments. */
export function readCall(id: unknown, idParam: string, { name, arguments: given }: Fields, param: string): ToolCall {
  return {
    id: readCallId(id, idParam),
    name: readWord(name, `${param}.name`, "Send the name of the tool that was called."),
    arguments: readArguments(given, `${param}.arguments`),
  };
}

/** Returns the id that joins a call and its result. */
export function readCallId(id: unknown, param: string): string {
  return readWord(id, param, "Send the id that the call had in the reply.");
}

function readWord(value: unknown, param: string, hint: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw ServiceError.invalid(param, `${param} must be a text, not ${shown(value)}.`, hint);
}

/**
 * Returns the arguments of a call. They are JSON in a text; some clients send the object itself. A text that is not
 * JSON stays a text, so that the model sees what it wrote.
 */
function readArguments(given: unknown, param: string): unknown {
  if (given === undefined || given === null || given === "") return {};
  if (isFields(given)) return given;
  if (typeof given !== "string") throw wrongType(param, "a text with a JSON object", given);
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}
