import { contextOf, countOf, objectOf } from "../../../json/read-json.js";

/** Facts that a nanoagent service reports about an entry of its list. */
export interface NanoagentModel {
  /** Whether it is the agent with its own tools and instructions, or its model alone. */
  target: "agent" | "model";
  /** Most tokens of a request and its reply, or null for no limit. */
  contextTokens: number | null;
  trainedTokens: number | null;
  /** Whether it calls tools, or null if not reported. */
  tools: boolean | null;
  parameters: number | null;
}

/** Reads the field `nanoagent` of an entry, or returns null for another server's entry. */
export function readNanoagentModel({ owned_by, nanoagent }: Record<string, unknown>): NanoagentModel | null {
  if (owned_by !== "nanoagent") return null;
  const { target, context_tokens, trained_tokens, calls_tools, parameters } = objectOf(nanoagent);
  return {
    target: target === "model" ? "model" : "agent",
    contextTokens: contextOf(context_tokens),
    trainedTokens: contextOf(trained_tokens),
    tools: typeof calls_tools === "boolean" ? calls_tools : null,
    parameters: countOf(parameters),
  };
}
