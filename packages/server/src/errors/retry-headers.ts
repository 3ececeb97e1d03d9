import type { ErrorFacts } from "./error-facts.js";

/** Statuses below 500 with which clients repeat a request on their own. */
const RETRIED_STATUSES: readonly number[] = [408, 409, 429];

/** Headers that tell a client when to repeat a request. With `x-should-retry: false` it does not repeat it. */
export function retryHeaders({ status, retrySeconds, mayRetry }: ErrorFacts): Readonly<Record<string, string>> {
  const isRetried = status >= 500 || RETRIED_STATUSES.includes(status);
  return {
    ...(retrySeconds !== null && { "retry-after": String(retrySeconds) }),
    ...(isRetried && !mayRetry && { "x-should-retry": "false" }),
  };
}
