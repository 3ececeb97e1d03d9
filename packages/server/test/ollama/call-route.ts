import type { HttpReply, HttpRequest, Route } from "../../src/http/exchange.js";
import { ollamaError } from "../../src/ollama/ollama-error.js";
import { greetingRoute, ollamaRoutes } from "../../src/ollama/ollama-routes.js";
import type { CallEntry } from "../../src/ollama/reply-lines.js";
import type { ServedAgent } from "../../src/service/served-agent.js";

/** Fields of the bodies and lines of this API, each of which has some of them. */
export interface ReplyBody {
  error: string;
  version: string;
  models: {
    name: string;
    digest: string;
    expires_at: string;
    details: { parameter_size: string };
  }[];
  parameters: string;
  model_info: object;
  message: { role: string; content: string; thinking?: string; tool_calls?: CallEntry[] };
  response: string;
  done: boolean;
  total_duration: number;
  prompt_eval_duration: number;
  eval_duration: number;
}

export interface CalledRoute {
  status: number;
  headers: Readonly<Record<string, string>>;
  text: string;
  /** The body as JSON. Throws for a body of several lines. */
  json: () => ReplyBody;
  lines: () => ReplyBody[];
}

/** Calls a route as the service does, without a socket. */
export async function callRoute(
  served: ServedAgent,
  method: Route["method"],
  path: string,
  body?: unknown,
  {
    headers = {},
    signal = new AbortController().signal,
  }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<CalledRoute> {
  const request: HttpRequest = {
    method,
    path,
    header: (name) => headers[name] ?? null,
    query: () => null,
    signal,
    body: async () => new TextEncoder().encode(JSON.stringify(body)),
    json: async () => body,
  };
  const route = [greetingRoute, ...ollamaRoutes(served)].find((each) => each.method === method && each.path === path);
  if (route === undefined) throw new Error(`No route ${method} ${path}`);
  return readReply(
    await Promise.resolve(0)
      .then(() => route.handle(request, {}))
      .catch(ollamaError),
  );
}

async function readReply(reply: HttpReply): Promise<CalledRoute> {
  let text = "";
  if ("stream" in reply) {
    await reply.stream({
      write(piece) {
        text += piece;
      },
    });
  } else text = String(reply.body ?? "");
  return {
    status: reply.status,
    headers: reply.headers ?? {},
    text,
    json: () => JSON.parse(text),
    lines: () =>
      text
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
  };
}
