import type { HttpReply, HttpRequest } from "../../src/http/exchange.js";
import { openRouter } from "../../src/http/router.js";
import { openaiError } from "../../src/openai/openai-error.js";
import { type OpenaiOptions, openaiRoutes } from "../../src/openai/openai-routes.js";
import type { ServedAgent } from "../../src/service/served-agent.js";

export interface Sent {
  status: number;
  headers: Readonly<Record<string, string>>;
  text: string;
  /** The body as JSON. Throws for a stream. */
  readonly json: Record<string, unknown> & { error?: { message: string; type: string; param: unknown; code: unknown } };
}

export interface SendOptions extends OpenaiOptions {
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

/** Returns a request of a client without a connection. */
function requestOf(
  method: string,
  path: string,
  body: unknown,
  { headers = {}, signal = new AbortController().signal }: SendOptions = {},
): HttpRequest {
  return {
    method,
    path,
    header: (name) => headers[name] ?? null,
    query: () => null,
    signal,
    body: async () => new TextEncoder().encode(JSON.stringify(body)),
    json: async () => body,
  };
}

/** Sends a request to the routes, without a connection. */
export async function send(
  served: ServedAgent,
  method: "GET" | "POST",
  path: string,
  body?: unknown,
  options: SendOptions = {},
): Promise<Sent> {
  const answer = openRouter(openaiRoutes(served, options), openaiError);
  return read(await answer(requestOf(method, path, body, options)));
}

export const chat = (served: ServedAgent, body: object, options?: SendOptions) =>
  send(served, "POST", "/v1/chat/completions", { model: "kitchen", ...body }, options);

export const respond = (served: ServedAgent, body: object, options?: SendOptions) =>
  send(served, "POST", "/v1/responses", { model: "kitchen", ...body }, options);

export const hello = { messages: [{ role: "user", content: "Hello" }] };

async function read(reply: HttpReply): Promise<Sent> {
  let text = "";
  if ("stream" in reply) {
    await reply.stream({
      write: (piece) => {
        text += piece;
      },
    });
  } else text = typeof reply.body === "string" ? reply.body : "";
  return {
    status: reply.status,
    headers: reply.headers ?? {},
    text,
    get json() {
      return JSON.parse(text);
    },
  };
}
