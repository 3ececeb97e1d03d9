import type { WholeReply } from "./exchange.js";

/** Returns a reply for requests that no route sees: in a form that both OpenAI's and Ollama's clients can read. */
export function shortReply(status: number, message: string): WholeReply {
  const type = status >= 500 ? "server_error" : "invalid_request_error";
  return {
    status,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ error: { message, type, param: null, code: null } }),
  };
}
