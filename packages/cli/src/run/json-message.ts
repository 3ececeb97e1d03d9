import { NanoAgentError, nearestName, SamplingSettings } from "@nanoagent/models";
import type { TurnOptions } from "@nanoagent/runtime";
import { samplingOptions } from "@nanoagent/runtime/program";
import { isObject } from "../is-object.js";

/** A request that came as a line of JSON. */
export interface JsonMessage {
  /** Comes back with the reply, so that a program can tell replies apart. */
  id?: string | number;
  /** The message; or a slash command, with its slash, that the line names as `command`. */
  content: string;
  isCommand: boolean;
  options: Pick<TurnOptions, "responseSchema" | "sampling">;
}

/** Longest line of JSON, in characters: a message of the largest size, with escapes, and a schema. */
export const MAX_JSON_CHARACTERS = 4 * 1024 * 1024;
/** Longest id, in characters. */
const MAX_ID_CHARACTERS = 256;

/**
 * Reads `{"id": 1, "content": "…", "response_schema": {…}, "sampling": {"max_tokens": 64, "stop": ["\n"]}}`, a plain JSON
 * text, or `{"id": 1, "command": "reset"}`. Text that a program passes on may come from anyone, so `/reset` is the only
 * slash command that works as a message. Throws a `NanoAgentError` of code `invalid-message`.
 */
export function readJsonMessage(line: string): JsonMessage {
  if (line.length > MAX_JSON_CHARACTERS) {
    throw new NanoAgentError({
      code: "message-too-large",
      message: `The line exceeds the limit of ${MAX_JSON_CHARACTERS} characters.`,
      hint: "Split the message into several ones.",
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw invalid("is not JSON");
  }
  if (typeof value === "string") return { content: value, isCommand: isReset(value), options: {} };
  if (!isObject(value)) throw invalid("is neither a text nor an object");
  const { id, content, command, response_schema: responseSchema, sampling } = value;
  refuseUnknown(value, ["id", "content", "command", "response_schema", "sampling"]);
  if (id !== undefined && !isId(id))
    throw invalid(`has an id that is neither a number nor a text of at most ${MAX_ID_CHARACTERS} characters`);
  const known = id === undefined ? {} : { id };
  if (command !== undefined) {
    if (typeof command !== "string" || !/^[a-z]+$/.test(command))
      throw invalid("has no name of a slash command at command");
    if (content !== undefined) throw invalid("has content beside command");
    return { ...known, content: `/${command}`, isCommand: true, options: {} };
  }
  if (typeof content !== "string") throw invalid("has no text at content");
  if (responseSchema !== undefined && !isObject(responseSchema)) throw invalid("has no object at response_schema");
  return {
    ...known,
    content,
    isCommand: isReset(content),
    options: { responseSchema, sampling: sampling === undefined ? undefined : readSampling(sampling) },
  };
}

function isReset(content: string): boolean {
  return content.trim() === "/reset";
}

/** Returns the id of a line whose request cannot be read, so that its error has it. */
export function readId(line: string): JsonMessage["id"] {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) && isId(value.id) ? value.id : undefined;
  } catch {
    return undefined;
  }
}

function isId(value: unknown): value is string | number {
  return typeof value === "string" ? value.length <= MAX_ID_CHARACTERS : Number.isFinite(value);
}

function readSampling(value: unknown): TurnOptions["sampling"] {
  const result = SamplingSettings.safeParse(value);
  if (result.success) return samplingOptions(result.value);
  const [issue] = result.issues;
  throw invalid(`has a wrong value at ${["sampling", ...(issue?.path ?? [])].join(".")}: ${issue?.message}`);
}

function refuseUnknown(value: object, known: readonly string[]): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const nearest = nearestName(unknown, known);
  throw invalid(`has an unknown key ${unknown}${nearest === null ? "" : `; did you mean ${nearest}?`}`);
}

function invalid(what: string): NanoAgentError {
  return new NanoAgentError({
    code: "invalid-message",
    message: `The line ${what}${what.endsWith("?") ? "" : "."}`,
    hint: 'Send one message a line: {"content": "hello"}',
  });
}
