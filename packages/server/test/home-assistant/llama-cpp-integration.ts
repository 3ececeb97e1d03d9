import { type AssistantContent, addDeltas, type Delta } from "./chat-log.js";

/** Error of the `openai` package for Python. */
class ApiStatusError extends Error {
  readonly status: number;

  constructor(body: string, status: number) {
    const { error } = JSON.parse(body) as { error: { message: string } };
    super(error.message);
    this.status = status;
  }
}

interface ToolCallPiece {
  index: number;
  id?: string;
  function?: { name?: string; arguments?: string };
}

interface Chunk {
  choices: {
    finish_reason: string | null;
    delta: { role?: string; content?: string | null; tool_calls?: ToolCallPiece[] };
  }[];
}

/** Fields of every request of a turn. */
const turnOptions = { model: "house", max_tokens: 3000, top_p: 1, temperature: 0.7, stream: true };

/** The set-up's check: a tool without parameters, and three tokens. */
const testRequest = {
  messages: [
    { role: "system", content: "You are a helpful assistant." },
    { role: "user", content: "What is the capital of France?" },
  ],
  tools: [
    {
      type: "function",
      function: {
        name: "test_function",
        description: "Test function.",
        parameters: { type: "object", properties: {} },
      },
    },
  ],
  max_tokens: 3,
};

/** Requests of Home Assistant's `llama_cpp` integration, as its Python client sends and reads them. */
export class LlamaCppIntegration {
  readonly #base: string;
  readonly #headers: Record<string, string>;

  /** Without a key of the user, the integration sends one that no server accepts. */
  constructor(url: string, { apiKey = "sk-0000000000000000000" }: { apiKey?: string } = {}) {
    this.#base = `${url}/v1`;
    this.#headers = {
      accept: "application/json",
      "content-type": "application/json",
      "user-agent": "AsyncOpenAI/Python 2.21.0",
      authorization: `Bearer ${apiKey}`,
      "x-stainless-lang": "python",
      "x-stainless-retry-count": "0",
      "x-stainless-read-timeout": "600",
    };
  }

  async listModels(): Promise<string[]> {
    const reply = await fetch(`${this.#base}/models`, { headers: this.#headers, signal: AbortSignal.timeout(10_000) });
    if (!reply.ok) throw new ApiStatusError(await reply.text(), reply.status);
    const { data } = (await reply.json()) as { data: { id: string }[] };
    return data.map(({ id }) => id);
  }

  async complete(body: object): Promise<Response> {
    const init = { method: "POST", headers: this.#headers, body: JSON.stringify(body) };
    const reply = await fetch(`${this.#base}/chat/completions`, init);
    if (!reply.ok) throw new ApiStatusError(await reply.text(), reply.status);
    return reply;
  }

  /** `async_validate_completions`: every event must have choices, and the last one a reason. */
  async validate(model: string, stream: boolean): Promise<string[]> {
    const reply = await this.complete({ model, ...testRequest, stream });
    const reasons: string[] = [];
    if (!stream) {
      const { choices } = (await reply.json()) as { choices: { finish_reason: string }[] };
      return choices.map(({ finish_reason }) => finish_reason);
    }
    for await (const { choices } of readEvents(reply)) {
      const reason = choices[0]?.finish_reason;
      if (typeof reason === "string") reasons.push(reason);
    }
    return reasons;
  }

  /** One round of a turn: sends the messages and puts the streamed reply together. */
  async chat(messages: readonly object[], options: object = {}): Promise<AssistantContent> {
    const reply = await this.complete({ ...turnOptions, messages, ...options });
    return addDeltas(transformStream(readEvents(reply)));
  }
}

/** Reads Server-Sent Events: JSON until `[DONE]`. An event with an error ends the reply. */
async function* readEvents(reply: Response): AsyncGenerator<Chunk> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const piece of reply.body as unknown as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(piece, { stream: true });
    const events = rest.split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) {
      if (event.startsWith(":")) continue;
      if (!event.startsWith("data: ")) throw new Error(`Not an event: ${event}`);
      const data = event.slice("data: ".length);
      if (data.startsWith("[DONE]")) return;
      const chunk = JSON.parse(data) as Chunk & { error?: { message: string } };
      if (chunk.error) throw new Error(chunk.error.message);
      if (!Array.isArray(chunk.choices)) throw new Error("A chunk has no choices");
      yield chunk;
    }
  }
  throw new Error("The stream did not end with [DONE]");
}

/**
 * The integration's `_transform_stream`. It reads the role only from a chunk without calls, only the first call of a
 * chunk, no content after a call, and nothing after the reason of the end.
 */
async function* transformStream(chunks: AsyncIterable<Chunk>): AsyncGenerator<Delta> {
  let call: { index: number; id: string | undefined; name: string | undefined; text: string } | null = null;
  let hasRole = false;
  const finished = () => ({
    calls: [{ id: call?.id ?? "", name: call?.name ?? "", arguments: decode(call?.text ?? "") }],
  });
  for await (const { choices } of chunks) {
    const [choice] = choices;
    if (choice === undefined) continue;
    if (choice.finish_reason) {
      if (call !== null) yield finished();
      return;
    }
    const { delta } = choice;
    const pieces: ToolCallPiece[] = delta.tool_calls ?? [];
    if (call === null && pieces.length === 0) {
      const next: Delta = {};
      if (!hasRole && delta.role === "assistant") {
        next.role = "assistant";
        hasRole = true;
      }
      if (delta.content !== undefined && delta.content !== null) next.content = delta.content;
      if (Object.keys(next).length > 0) yield next;
      continue;
    }
    const piece = pieces[0];
    if (piece?.function === undefined) continue;
    if (call !== null && piece.index === call.index) {
      call.text += piece.function.arguments ?? "";
      continue;
    }
    if (call !== null) yield finished();
    call = { index: piece.index, id: piece.id, name: piece.function.name, text: piece.function.arguments ?? "" };
  }
  throw new Error("The reply has no reason of its end");
}

/** Arguments must be JSON at the end. Only the last call of a reply may have none. */
function decode(text: string): Record<string, unknown> {
  return text === "" ? {} : JSON.parse(text);
}

/** The integration's `_convert_content_to_param` for a reply. */
export function convertReply({ content, calls }: AssistantContent): object {
  if (calls.length === 0) return { role: "assistant", content: content ?? "" };
  const tool_calls = calls.map(({ id, name, arguments: input }) => ({
    type: "function",
    id,
    function: { name, arguments: JSON.stringify(input) },
  }));
  return { role: "assistant", content, tool_calls };
}

/** The integration's `_convert_content_to_param` for a result. */
export function convertResult(tool_call_id: string, data: unknown, error: boolean | null = null): object {
  return { role: "tool", tool_call_id, content: JSON.stringify({ data, error }) };
}
