import type { WholeReply } from "../http/exchange.js";

/** Returns a reply with a JSON body. */
export function jsonReply(
  body: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: Readonly<Record<string, string>> } = {},
): WholeReply {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(body),
  };
}
