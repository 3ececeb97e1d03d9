import type { ServedModel } from "../service/served-agent.js";

/** A model in the form of OpenAI's list. */
export interface ModelEntry {
  id: string;
  object: "model";
  /** When the agent was opened, in seconds since 1970. */
  created: number;
  /** By this, another nanoagent recognizes a service of its kind. */
  owned_by: "nanoagent";
  nanoagent: {
    target: "agent" | "model";
    /** Most tokens that a request and its reply may have together; null means no limit. */
    context_tokens: number | null;
    /** Longest context that the service can grow to; null means that it does not grow. */
    longest_context_tokens: number | null;
    /** Longest context that the model was trained for; null means unknown. */
    trained_tokens: number | null;
    calls_tools: boolean;
    /** Number of the model's parameters; null means unknown. */
    parameters: number | null;
  };
}

export function modelEntry({ id, createdSeconds, target, facts }: ServedModel): ModelEntry {
  return {
    id,
    object: "model",
    created: createdSeconds,
    owned_by: "nanoagent",
    nanoagent: {
      target,
      context_tokens: facts.contextTokens,
      longest_context_tokens: facts.longestContextTokens ?? null,
      trained_tokens: facts.trainedTokens ?? null,
      calls_tools: facts.callsTools ?? true,
      parameters: facts.parameters ?? null,
    },
  };
}
