import { NanoAgentError } from "@nanoagent/models";
import { sentences } from "../errors/sentences.js";

/** Returns the sentences of a notice about a message that did not reach the broker. */
export function describePublishFailure(topic: string, error: unknown): string {
  const isKnown = NanoAgentError.isInstance(error);
  const reason = isKnown ? [error.message, error.reason, error.hint] : [String(error)];
  return sentences([`A message to ${topic} was not published.`, ...reason]);
}
