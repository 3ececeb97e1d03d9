import { NanoAgentError, nearestName, SamplingSettings } from "@nanoagent/models";
import type { TurnOptions } from "@nanoagent/runtime";
import { samplingOptions } from "@nanoagent/runtime/program";
import { isObject } from "../is-object.js";

/** A message that came as a line of JSON, and how it is to be answered. */
export interface JsonMessage {
  content: string;
  options: Pick<TurnOptions, "responseSchema" | "sampling">;
}

/**
 * Reads `{"content": "…", "response_schema": {…}, "sampling": {"max_tokens": 64, "stop": ["\n"]}}`, or a plain JSON text.
 * Throws a `NanoAgentError` of code `invalid-message`.
 */
export function readJsonMessage(line: string): JsonMessage {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw invalid("is no JSON");
  }
  if (typeof value === "string") return { content: value, options: {} };
  if (!isObject(value)) throw invalid("is neither a text nor an object");
  const { content, response_schema: responseSchema, sampling } = value;
  refuseUnknown(value, ["content", "response_schema", "sampling"]);
  if (typeof content !== "string") throw invalid("has no text at content");
  if (responseSchema !== undefined && !isObject(responseSchema)) throw invalid("has no object at response_schema");
  return {
    content,
    options: { responseSchema, sampling: sampling === undefined ? undefined : readSampling(sampling) },
  };
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
