import { errorFacts } from "../errors/error-facts.js";
import { retryHeaders } from "../errors/retry-headers.js";
import type { WholeReply } from "../http/exchange.js";
import { jsonReply } from "../http/json-reply.js";

/** Returns the reply for an error in the form of Ollama's API: `{"error": "text"}` with the status of the error. */
export function ollamaError(error: unknown): WholeReply {
  const facts = errorFacts(error);
  return jsonReply({ error: facts.message }, { status: facts.status, headers: retryHeaders(facts) });
}

/** Returns the last line of a stream that fails after its headers. */
export function errorLine(error: unknown): { error: string } {
  return { error: errorFacts(error).message };
}
