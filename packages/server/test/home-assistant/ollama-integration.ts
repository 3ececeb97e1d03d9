import { type AssistantContent, addDeltas, type Delta, type ToolInput } from "./chat-log.js";

/** Error of the `ollama` package for Python. */
class ResponseError extends Error {
  readonly status: number;

  constructor(text: string, status: number) {
    super(text);
    this.status = status;
  }
}

/** Requests of Home Assistant's `ollama` integration, as its Python client sends and reads them. */
export class OllamaIntegration {
  readonly #url: string;
  readonly #headers: Record<string, string>;

  constructor(url: string, { apiKey }: { apiKey?: string } = {}) {
    this.#url = url;
    this.#headers = {
      "content-type": "application/json",
      accept: "application/json",
      "user-agent": "ollama-python/0.6.1 (x86_64 linux) Python/3.14.0",
      ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
    };
  }

  async get(route: string): Promise<Record<string, unknown>> {
    const reply = await fetch(this.#url + route, { headers: this.#headers });
    if (!reply.ok) throw new ResponseError(await reply.text(), reply.status);
    return (await reply.json()) as Record<string, unknown>;
  }

  async post(route: string, body: object): Promise<Response> {
    const reply = await fetch(this.#url + route, {
      method: "POST",
      headers: this.#headers,
      body: JSON.stringify(body),
    });
    if (!reply.ok) throw new ResponseError(await reply.text(), reply.status);
    return reply;
  }

  /** Names of the models, which the set-up shows. Python's client requires the list, and dates that it can parse. */
  async list(): Promise<string[]> {
    const { models } = (await this.get("/api/tags")) as {
      models: { model: string; modified_at: string; size: number }[];
    };
    for (const { modified_at, size } of models) {
      if (Number.isNaN(Date.parse(modified_at))) throw new Error("modified_at is not a date");
      if (!Number.isSafeInteger(size)) throw new Error("size is not a number of bytes");
    }
    return models.map(({ model }) => model);
  }

  async pull(model: string): Promise<unknown> {
    return (await this.post("/api/pull", { model, stream: false })).json();
  }

  /** One round of a turn: sends the messages and puts the streamed reply together. */
  async chat(messages: readonly object[], options: object = {}): Promise<AssistantContent> {
    const body = {
      model: "house:latest",
      stream: true,
      options: { num_ctx: 8192 },
      keep_alive: -1,
      messages,
      tools: [],
      think: false,
      ...options,
    };
    return addDeltas(transformStream(readLines(await this.post("/api/chat", body))));
  }
}

interface ChatResponse {
  model: string;
  created_at: string;
  done: boolean;
  message: {
    role: string;
    content?: string;
    thinking?: string;
    tool_calls?: { function: { name: string; arguments: Record<string, unknown> } }[];
  };
}

/** Reads JSON lines. As in Python's client, each line is JSON, and one with an error ends the reply. */
async function* readLines(reply: Response): AsyncGenerator<ChatResponse> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const piece of reply.body as unknown as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(piece, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield check(JSON.parse(line));
  }
  if (rest !== "") throw new Error("The last line does not end");
}

/** The fields that the models of Python's client require, with their types. */
function check(line: ChatResponse & { error?: string }): ChatResponse {
  if (line.error !== undefined) throw new ResponseError(line.error, -1);
  const { message, done, created_at } = line;
  if (typeof done !== "boolean" || Number.isNaN(Date.parse(created_at))) throw new Error("A field has the wrong type");
  if (message?.role !== "assistant") throw new Error("A message has no role");
  for (const call of message.tool_calls ?? []) {
    const { arguments: input } = call.function;
    if (typeof input !== "object" || input === null || Array.isArray(input))
      throw new Error("The arguments are not an object");
  }
  return line;
}

let calls = 0;

/** The integration's `_transform_stream`. */
async function* transformStream(lines: AsyncIterable<ChatResponse>): AsyncGenerator<Delta> {
  let isNew = true;
  let last: ChatResponse | undefined;
  for await (const line of lines) {
    last = line;
    const { content, thinking, tool_calls } = line.message;
    const delta: Delta = isNew ? { role: "assistant" } : {};
    isNew = false;
    if (tool_calls !== undefined) {
      delta.calls = tool_calls.map(({ function: { name, arguments: input } }): ToolInput => {
        return { id: `ulid_${++calls}`, name, arguments: parseArguments(input) };
      });
    }
    if (content !== undefined) delta.content = content;
    if (thinking !== undefined) delta.thinking = thinking;
    yield delta;
  }
  if (last?.done !== true) throw new Error("The reply did not end");
}

/** The integration's `_parse_tool_args`: empty arguments are left out, and JSON text is parsed. */
function parseArguments(input: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(input).filter(([, value]) => value !== null && value !== "");
  return Object.fromEntries(kept.map(([name, value]) => [name, typeof value === "string" ? repaired(value) : value]));
}

function repaired(value: string): unknown {
  if (!/^(?:\[.*\]|\{.*\})$/s.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** The integration's `_convert_content` for a reply: neither calls nor results have ids. */
export function convertReply({ content, calls }: AssistantContent): object {
  return {
    role: "assistant",
    ...(content !== null && { content }),
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ name, arguments: input }) => ({ function: { name, arguments: input } })),
    }),
  };
}

/** The integration's `_convert_content` for a result. */
export function convertResult(data: unknown, error: boolean | null = null): object {
  return { role: "tool", content: JSON.stringify({ data, error }) };
}
