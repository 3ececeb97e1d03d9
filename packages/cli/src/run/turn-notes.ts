import type { NanoAgentError } from "@nanoagent/models";
import type { AgentEvent } from "@nanoagent/runtime";
import { plainText } from "../output/plain-text.js";

type Event<Type extends AgentEvent["type"]> = Extract<AgentEvent, { type: Type }>;

/** Says that turns no longer fit the model's context. */
export function describeOverflow({ left_turns, summarized }: Event<"window-overflow">): string {
  const turns = left_turns === 1 ? "The oldest turn no longer fits" : `The ${left_turns} oldest turns no longer fit`;
  return `note: ${turns} the model's context${summarized ? "; the model sees a summary instead" : ""}.\n`;
}

/** Says that a context has grown, once for each length: after an idle unload it grows to the same length again. */
export class GrowthNotes {
  #toldTokens = 0;

  /** Empty for a length that was told. */
  describe({ context_tokens, previous_tokens }: Event<"context-growth">): string {
    if (context_tokens <= this.#toldTokens) return "";
    this.#toldTokens = context_tokens;
    return `note: The conversation needs more room: the model was loaded again with ${context_tokens} tokens of context instead of ${previous_tokens}.\n`;
  }

  /** Forgets what was told. Called when memory pressure has cut the context: its next growth is news. */
  forget(): void {
    this.#toldTokens = 0;
  }
}

/** Says why a reply is not complete; empty for a complete one. */
export function describeEnd({ reason, usage }: Event<"run-end">): string {
  if (reason === "repetition") return "note: The reply was stopped because it repeated itself.\n";
  if (reason !== "length") return "";
  const tokens = usage === null ? "" : ` after ${usage.completion_tokens} tokens`;
  return `note: The reply was cut off${tokens}: it reached the limit (--max-tokens, sampling.max_tokens or the context). Say "continue" for the rest.\n`;
}

/** Says why a reply is not on disk. */
export function describeNotSaved({ message, reason }: NanoAgentError): string {
  return plainText(`note: This reply is not saved. ${message}${reason === null ? "" : ` (${reason})`}\n`);
}
