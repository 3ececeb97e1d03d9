import { NanoAgentError } from "@nanoagent/models";

/** Returns the facts of an error for a line of the log. */
export function errorFacts(error: unknown): { code: string; error: string; reason?: string; hint?: string } {
  if (!NanoAgentError.isInstance(error)) return { code: "unexpected", error: String(error) };
  const { code, message, reason, hint } = error;
  return { code, error: message, ...(reason !== null && { reason }), ...(hint !== null && { hint }) };
}
