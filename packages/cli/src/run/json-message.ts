import { NanoAgentError, nearestName } from "@nanoagent/models";
import type { TurnOptions } from "@nanoagent/runtime";
import { isObject } from "../is-object.js";

/** A message that came as a line of JSON, and how it is to be answered. */
export interface JsonMessage {
  content: string;
  options: Pick<TurnOptions, "responseSchema" | "sampling">;
}

type Sampling = NonNullable<TurnOptions["sampling"]>;

/** What sampling is called on a wire, and in code. */
const samplingNames = {
  max_tokens: "maxTokens",
  temperature: "temperature",
  top_k: "topK",
  top_p: "topP",
  min_p: "minP",
  repeat_penalty: "repeatPenalty",
  seed: "seed",
} as const satisfies Record<string, keyof Sampling>;

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
  refuseUnknown(value, ["content", "response_schema", "sampling"], "");
  if (typeof content !== "string") throw invalid("has no text at content");
  if (responseSchema !== undefined && !isObject(responseSchema)) throw invalid("has no object at response_schema");
  return {
    content,
    options: { responseSchema, sampling: sampling === undefined ? undefined : readSampling(sampling) },
  };
}

function readSampling(value: unknown): Sampling {
  if (!isObject(value)) throw invalid("has no object at sampling");
  const { stop, ...numbers } = value;
  refuseUnknown(value, [...Object.keys(samplingNames), "stop"], "sampling.");
  const sampling: Sampling = {};
  for (const [key, figure] of Object.entries(numbers)) {
    if (typeof figure !== "number" || !Number.isFinite(figure)) throw invalid(`has no number at sampling.${key}`);
    sampling[samplingNames[key as keyof typeof samplingNames]] = figure;
  }
  if (stop !== undefined) {
    if (!Array.isArray(stop) || !stop.every((text) => typeof text === "string" && text !== "")) {
      throw invalid("has no list of texts at sampling.stop");
    }
    sampling.stop = stop as string[];
  }
  return sampling;
}

function refuseUnknown(value: object, known: readonly string[], prefix: string): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const nearest = nearestName(unknown, known);
  throw invalid(
    `has an unknown key ${prefix}${unknown}${nearest === null ? "" : `; did you mean ${prefix}${nearest}?`}`,
  );
}

function invalid(what: string): NanoAgentError {
  return new NanoAgentError({
    code: "invalid-message",
    message: `The line ${what}.`,
    hint: 'Send one message a line: {"content": "hello"}',
  });
}
