import type { AnswerEvent } from "../turns/ask.js";

export type FinishReason = "stop" | "length" | "tool_calls";

/** Why a reply ended, in OpenAI's words. A reply that repeated itself was cut off, like one at its limit. */
export function finishReason({ reason }: Extract<AnswerEvent, { type: "run-end" }>): FinishReason {
  if (reason === "tool-calls") return "tool_calls";
  return reason === "stop" ? "stop" : "length";
}
