import type { HttpReply, HttpRequest, Route } from "../../src/http/exchange.js";
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
export function requestOf(
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
    json: async () => body,
  };
}

/** Sends a request to the route itself, without a connection. */
export async function send(
  served: ServedAgent,
  method: "GET" | "POST",
  path: string,
  body?: unknown,
  options: SendOptions = {},
): Promise<Sent> {
  const routes = openaiRoutes(served, options);
  const { route, parameters } = find(routes, method, path);
  const reply = await route.handle(requestOf(method, path, body, options), parameters);
  return read(reply);
}

export const chat = (served: ServedAgent, body: object, options?: SendOptions) =>
  send(served, "POST", "/v1/chat/completions", { model: "kitchen", ...body }, options);

export const respond = (served: ServedAgent, body: object, options?: SendOptions) =>
  send(served, "POST", "/v1/responses", { model: "kitchen", ...body }, options);

export const hello = { messages: [{ role: "user", content: "Hello" }] };

export async function read(reply: HttpReply): Promise<Sent> {
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

function find(routes: readonly Route[], method: string, path: string) {
  for (const route of routes) {
    if (route.method !== method) continue;
    if (route.path === path) return { route, parameters: {} };
    const [start = "", name] = route.path.split("/:");
    if (name !== undefined && path.startsWith(`${start}/`)) {
      return { route, parameters: { [name]: path.slice(start.length + 1) } };
    }
  }
  throw new Error(`No route for ${method} ${path}`);
}
