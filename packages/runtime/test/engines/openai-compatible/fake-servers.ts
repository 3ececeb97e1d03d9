import type { ServerResponse } from "node:http";
import { type Answer, type SeenRequest, sendJson, writePieces } from "./fake-server.js";

/** Reply of a fake server: the chunks of its stream, in its own format. */
export type Reply = (request: SeenRequest) => { chunks: readonly unknown[]; delayMilliseconds?: number };

const created = 1_735_142_223;

export function openaiChunk(delta: object, finish: string | null = null, index = 0): object {
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created,
    model: "m",
    choices: [{ index, delta, finish_reason: finish }],
  };
}

export const openaiUsage = {
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created,
  model: "m",
  choices: [],
  usage: {
    prompt_tokens: 12,
    completion_tokens: 5,
    total_tokens: 17,
    prompt_tokens_details: { cached_tokens: 4 },
  },
};

/** Words of a reply that follows the request: JSON if a schema is set, cut before a stop text. */
function wordsOf({ body }: SeenRequest, greeting: string): string[] {
  const isJson = body.response_format !== undefined || body.format !== undefined;
  const whole = isJson ? '{"bed": 3}' : greeting;
  const { stop = [] } = { stop: body.stop, ...(body.options as object | undefined) } as { stop?: string[] };
  const ends = stop.map((text) => whole.indexOf(text)).filter((index) => index >= 0);
  return whole.slice(0, Math.min(whole.length, ...ends)).match(/\s?\S+/g) ?? [];
}

/** Calls the first tool if a call is required. */
const sayHello: Reply = (request) => {
  const [tool] = (request.body.tools ?? []) as { function: { name: string } }[];
  if (request.body.tool_choice !== "required" || tool === undefined) return greet(request);
  const call = { index: 0, id: "c1", type: "function", function: { name: tool.function.name, arguments: '{"bed":3}' } };
  return {
    chunks: [openaiChunk({ role: "assistant", tool_calls: [call] }), openaiChunk({}, "tool_calls"), openaiUsage],
  };
};

const greet: Reply = (request) => ({
  chunks: [
    openaiChunk({ role: "assistant", content: null }),
    ...wordsOf(request, "Hello from the server.").map((content) => openaiChunk({ content })),
    openaiChunk({}, "stop"),
    openaiUsage,
  ],
  delayMilliseconds: 2,
});

/** Writes the stream of `/v1/chat/completions`. */
export async function streamOpenai(response: ServerResponse, { chunks, delayMilliseconds }: ReturnType<Reply>) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  await writePieces(
    response,
    [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), "data: [DONE]\n\n"],
    delayMilliseconds,
  );
  response.end();
}

/** Tokens of a text in the fake servers: one per word or white space. */
function tokensOf(text: unknown): number[] {
  return [...String(text).matchAll(/\S+|\s/gu)].map((_, index) => index);
}

export function fakeLlamaServer({
  contextTokens = 8192,
  caps = { supports_tools: true, supports_system_role: true },
  models = ["models/qwen2.5-0.5b-instruct-q4_0.gguf"],
  isRouter = false,
  reply = sayHello,
  apiKey,
}: {
  contextTokens?: number;
  caps?: Record<string, boolean>;
  models?: readonly string[];
  isRouter?: boolean;
  reply?: Reply;
  apiKey?: string;
} = {}): Answer {
  const properties = (nCtx: number) => ({
    default_generation_settings: { id: 0, n_ctx: nCtx, params: { temperature: 0.8 } },
    total_slots: 1,
    model_path: "models/qwen2.5-0.5b-instruct-q4_0.gguf",
    chat_template: "{% for message in messages %}…",
    chat_template_caps: caps,
    build_info: "b8681-0000000",
  });
  return async (request, response) => {
    const url = new URL(request.url, "http://localhost");
    if (url.pathname === "/v1/models") {
      const data = models.map((id) => ({
        id,
        object: "model",
        created,
        owned_by: "llamacpp",
        ...(isRouter ? { status: { value: "unloaded" } } : { meta: { n_vocab: 151936, n_ctx_train: 32768 } }),
      }));
      return sendJson(response, { object: "list", data });
    }
    if (apiKey !== undefined && request.headers.authorization !== `Bearer ${apiKey}`) {
      const error = { code: 401, message: "Invalid API Key", type: "authentication_error" };
      return sendJson(response, { error }, 401);
    }
    if (url.pathname === "/props") {
      if (!isRouter) return sendJson(response, properties(contextTokens));
      if (!url.searchParams.has("model")) {
        return sendJson(response, {
          role: "router",
          default_generation_settings: { params: null, n_ctx: 0 },
          model_path: "none",
        });
      }
      return sendJson(response, properties(contextTokens));
    }
    if (url.pathname === "/tokenize") return sendJson(response, { tokens: tokensOf(request.body.content) });
    if (url.pathname === "/v1/chat/completions") return streamOpenai(response, reply(request));
    const error = { code: 404, message: "File Not Found", type: "not_found_error" };
    return sendJson(response, { error }, 404);
  };
}

/** Another nanoagent: its agent and, if allowed, the model alone. It also has some of Ollama's routes. */
export function fakeNanoagent({
  models = ["agent", "model"],
  contextTokens = 2048,
  callsTools = true,
  reply = sayHello,
}: {
  models?: readonly ("agent" | "model")[];
  contextTokens?: number | null;
  callsTools?: boolean;
  reply?: Reply;
} = {}): Answer {
  return async (request, response) => {
    if (request.url === "/v1/models") {
      const data = models.map((target) => ({
        id: target === "agent" ? "greenhouse" : "tiny.gguf",
        object: "model",
        created,
        owned_by: "nanoagent",
        nanoagent: {
          target,
          context_tokens: contextTokens,
          longest_context_tokens: null,
          trained_tokens: 8192,
          calls_tools: callsTools,
          parameters: 1_000_000,
        },
      }));
      return sendJson(response, { object: "list", data });
    }
    if (request.url === "/api/version") return sendJson(response, { version: "0.30.1" });
    if (request.url === "/v1/chat/completions") return streamOpenai(response, reply(request));
    return sendJson(response, { error: { message: "Not found", type: "invalid_request_error" } }, 404);
  };
}

export function fakeVllm({
  maxModelLength = 16384,
  reply = sayHello,
}: {
  maxModelLength?: number;
  reply?: Reply;
} = {}): Answer {
  return async (request, response) => {
    if (request.url === "/v1/models") {
      const base = {
        id: "Qwen/Qwen2.5-1.5B-Instruct",
        object: "model",
        created,
        owned_by: "vllm",
        root: "Qwen/Qwen2.5-1.5B-Instruct",
        parent: null,
        max_model_len: maxModelLength,
      };
      return sendJson(response, { object: "list", data: [base] });
    }
    if (request.url === "/v1/chat/completions") return streamOpenai(response, reply(request));
    return sendJson(response, { detail: "Not Found" }, 404);
  };
}

export function fakeLmStudio({
  models = [
    { id: "granite-4-micro", type: "llm", state: "loaded", max_context_length: 131072, loaded_context_length: 6000 },
    { id: "text-embedding-nomic-embed-text-v1.5", type: "embeddings", state: "not-loaded", max_context_length: 2048 },
  ],
  reply = sayHello,
}: {
  models?: readonly ({ id: string } & Record<string, unknown>)[];
  reply?: Reply;
} = {}): Answer {
  return async (request, response) => {
    if (request.url === "/v1/models") {
      const data = models.map(({ id }) => ({ id, object: "model", owned_by: "organization_owner" }));
      return sendJson(response, { object: "list", data });
    }
    if (request.url === "/api/v0/models") return sendJson(response, { object: "list", data: models });
    if (request.url === "/v1/chat/completions") return streamOpenai(response, reply(request));
    // This server responds with 200 to unknown paths.
    return sendJson(response, { error: `Unexpected endpoint or method. (${request.method} ${request.url})` });
  };
}

export const ollamaStats = {
  total_duration: 4_883_583_458,
  load_duration: 1_334_875,
  prompt_eval_count: 26,
  prompt_eval_duration: 342_546_000,
  eval_count: 4,
  eval_duration: 4_535_599_000,
};

export function ollamaChunk(message: object, rest: object = { done: false }): object {
  return {
    model: "qwen3:0.6b",
    created_at: "2026-02-01T08:52:19.385Z",
    message: { role: "assistant", ...message },
    ...rest,
  };
}

const sayHelloAsOllama: Reply = (request) => ({
  chunks: [
    ...wordsOf(request, "Hello from Ollama.").map((content) => ollamaChunk({ content })),
    ollamaChunk({ content: "" }, { done: true, done_reason: "stop", ...ollamaStats }),
  ],
  delayMilliseconds: 2,
});

export function fakeOllama({
  models = ["qwen3:0.6b"],
  loadedContext,
  parameters = 'temperature 0.6\nstop "<|im_end|>"',
  trainedContext = 40960,
  capabilities = ["completion", "tools", "thinking"],
  reply = sayHelloAsOllama,
}: {
  models?: readonly string[];
  loadedContext?: number;
  parameters?: string;
  trainedContext?: number;
  capabilities?: readonly string[];
  reply?: Reply;
} = {}): Answer {
  return async (request, response) => {
    const { url, body } = request;
    if (url === "/v1/models") {
      const data = models.map((id) => ({ id, object: "model", created, owned_by: "library" }));
      return sendJson(response, { object: "list", data: data.length === 0 ? null : data });
    }
    if (url === "/api/version") return sendJson(response, { version: "0.30.1" });
    if (url === "/api/ps") {
      const running = { name: models[0], model: models[0], size_vram: 0, context_length: loadedContext };
      return sendJson(response, { models: loadedContext === undefined ? [] : [running] });
    }
    if (url === "/api/show") {
      if (!models.includes(String(body.model))) return sendJson(response, { error: "model not found" }, 404);
      return sendJson(response, {
        parameters,
        details: { format: "gguf", family: "qwen3" },
        model_info: { "general.architecture": "qwen3", "qwen3.context_length": trainedContext },
        capabilities,
      });
    }
    if (url === "/api/chat") {
      const { chunks, delayMilliseconds } = reply(request);
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      await writePieces(
        response,
        chunks.map((chunk) => `${JSON.stringify(chunk)}\n`),
        delayMilliseconds,
      );
      return response.end();
    }
    response.writeHead(404, { "content-type": "text/plain" });
    return response.end("404 page not found");
  };
}
