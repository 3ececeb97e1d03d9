import type { HttpRequest } from "../../src/http/exchange.js";

/** A request with the given headers. */
export function fakeRequest(
  headers: Readonly<Record<string, string>>,
  method = "GET",
  path = "/v1/models",
): HttpRequest {
  return {
    method,
    path,
    header: (name) => headers[name] ?? null,
    query: () => null,
    signal: new AbortController().signal,
    body: async () => new Uint8Array(),
    json: () => Promise.resolve({}),
  };
}
