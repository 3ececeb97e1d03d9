import { NanoAgentError } from "@nanoagent/models";
import { errorFacts } from "../errors/error-facts.js";
import { retryHeaders } from "../errors/retry-headers.js";
import type { WholeReply } from "../http/exchange.js";
import { jsonReply } from "../http/json-reply.js";

/** An error in OpenAI's form. */
export interface ErrorBody {
  error: { message: string; type: string; param: string | null; code: string | null };
}

/** Returns the reply for an error. */
export function openaiError(error: unknown): WholeReply {
  const facts = errorFacts(error);
  return jsonReply(errorBody(error), { status: facts.status, headers: retryHeaders(facts) });
}

/** Returns the body of the reply for an error. Streams send it as an event. */
export function errorBody(error: unknown): ErrorBody {
  const { message, type, param, code } = errorFacts(error);
  return { error: { message, type, param, code: code ?? ownCode(error) } };
}

/** Codes of OpenAI that mean something else than ours with the same words. Clients act on them. */
const FOREIGN_CODES: readonly string[] = ["model_not_found"];

/** Returns our code for an error that OpenAI has no word for, in its spelling. The field of a bad request says more. */
function ownCode(error: unknown): string | null {
  if (!NanoAgentError.isInstance(error) || error.code === "request-not-valid") return null;
  const code = error.code.replaceAll("-", "_");
  return FOREIGN_CODES.includes(code) ? `agent_${code}` : code;
}
