import { NanoAgentError } from "@nanoagent/models";
import { errorFacts } from "../errors/error-facts.js";
import type { WholeReply } from "../http/exchange.js";
import { jsonReply } from "../http/json-reply.js";

/** An error in OpenAI's form. */
export interface ErrorBody {
  error: { message: string; type: string; param: string | null; code: string | null };
}

/** Statuses below 500 with which clients repeat a request on their own. */
const RETRIED_STATUSES: readonly number[] = [408, 409, 429];

/** Returns the reply for an error. With `x-should-retry: false`, clients do not repeat what cannot succeed. */
export function openaiError(error: unknown): WholeReply {
  const { status, retrySeconds, mayRetry } = errorFacts(error);
  const isRetried = status >= 500 || RETRIED_STATUSES.includes(status);
  return jsonReply(errorBody(error), {
    status,
    headers: {
      ...(retrySeconds !== null && { "retry-after": String(retrySeconds) }),
      ...(isRetried && !mayRetry && { "x-should-retry": "false" }),
    },
  });
}

/** Returns the body of the reply for an error. Streams send it as an event. */
export function errorBody(error: unknown): ErrorBody {
  const { message, type, param, code } = errorFacts(error);
  return { error: { message, type, param, code: code ?? ownCode(error) } };
}

/** Returns our code for an error that OpenAI has no word for, in its spelling. The field of a bad request says more. */
function ownCode(error: unknown): string | null {
  if (!NanoAgentError.isInstance(error) || error.code === "request-not-valid") return null;
  return error.code.replaceAll("-", "_");
}
