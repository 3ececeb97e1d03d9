import { errorFacts } from "../errors/error-facts.js";
import type { WholeReply } from "../http/exchange.js";
import { jsonReply } from "../http/json-reply.js";

/** Returns the reply for an error in the form of Ollama's API: `{"error": "text"}` with the status of the error. */
export function ollamaError(error: unknown): WholeReply {
  const { status, message, retrySeconds } = errorFacts(error);
  const headers = retrySeconds === null ? {} : { "retry-after": String(retrySeconds) };
  return jsonReply({ error: message }, { status, headers });
}

/** Returns the last line of a stream that fails after its headers. */
export function errorLine(error: unknown): { error: string } {
  return { error: errorFacts(error).message };
}
