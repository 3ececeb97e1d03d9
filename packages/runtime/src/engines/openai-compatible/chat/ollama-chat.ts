import type { EngineMessage, EngineRequest, SamplingOptions } from "../../engine.js";
import { countOf, type JsonObject, listOf, objectOf, parseJson, textOf } from "../read-json.js";
import type { RemoteServer } from "../server/remote-server.js";
import { LineSplitter } from "../stream/line-splitter.js";
import {
  type ChatDialect,
  MAX_PIECE_BYTES,
  NoSuchReply,
  type ReplyReader,
  toolsOf,
  wellFormed,
} from "./chat-dialect.js";
import type { ReplyPart } from "./reply-part.js";

/**
 * Ollama's own `/api/chat` with its stream of JSON lines: the way on which it can be told the size of the context, and
 * told to refuse what is too long instead of cutting it silently.
 */
export function ollamaChat(server: RemoteServer): ChatDialect {
  return {
    path: "/api/chat",
    contentType: "application/x-ndjson",
    body: (request) => ({
      model: server.model,
      messages: messagesOf(request),
      stream: true,
      truncate: false,
      shift: false,
      options: { num_ctx: server.contextTokens, ...samplingOf(request.sampling ?? {}) },
      ...toolsOf(request, server),
      ...(request.responseSchema === undefined ? {} : { format: request.responseSchema }),
    }),
    open: () => new OllamaReplyReader(),
  };
}

function messagesOf({ instructions, messages }: EngineRequest): object[] {
  const names = new Map<string, string>();
  for (const { tool_calls = [] } of messages) for (const { id, name } of tool_calls) names.set(id, name);
  const sent = messages.map((message) => messageOf(message, names));
  return instructions === null ? sent : [{ role: "system", content: wellFormed(instructions) }, ...sent];
}

function messageOf(
  { role, content, tool_calls = [], tool_call_id }: EngineMessage,
  names: Map<string, string>,
): object {
  return {
    role,
    content: wellFormed(content),
    ...(tool_call_id === undefined ? {} : { tool_call_id, tool_name: names.get(tool_call_id) }),
    ...(tool_calls.length === 0
      ? {}
      : {
          // What a model called a tool with, if it was no object, is nothing that this API can carry.
          tool_calls: tool_calls.map(({ id, name, arguments: value }) => ({
            id,
            function: { name, arguments: objectOf(value) },
          })),
        }),
  };
}

function samplingOf({ maxTokens, temperature, topK, topP, minP, repeatPenalty, seed, stop }: SamplingOptions) {
  return {
    num_predict: maxTokens,
    temperature,
    top_k: topK,
    top_p: topP,
    min_p: minP,
    repeat_penalty: repeatPenalty,
    seed,
    stop,
  };
}

class OllamaReplyReader implements ReplyReader {
  readonly #lines = new LineSplitter(MAX_PIECE_BYTES);

  *push(bytes: Buffer): Generator<ReplyPart> {
    for (const line of this.#lines.push(bytes)) yield* readLine(line);
  }

  *end(): Generator<ReplyPart> {
    yield* readLine(this.#lines.end() ?? "");
  }
}

function* readLine(line: string): Generator<ReplyPart> {
  if (line.trim() === "") return;
  const value = parseJson(line);
  if (value === undefined) throw new NoSuchReply("sent a piece of its reply that is no JSON");
  yield readChunk(objectOf(value));
}

function readChunk(chunk: JsonObject): ReplyPart {
  if (chunk.error) return { error: chunk.error };
  const message = objectOf(chunk.message);
  const part: ReplyPart = {};
  const text = textOf(message.content);
  const reasoning = textOf(message.thinking);
  const toolCalls = listOf(message.tool_calls).map((value) => {
    const call = objectOf(value);
    const called = objectOf(call.function);
    // Each comes as a whole, so that none belongs to another: their numbers, where they have any, say nothing more.
    return { index: null, id: textOf(call.id), name: textOf(called.name) ?? "", arguments: objectOf(called.arguments) };
  });
  if (text) part.text = text;
  if (reasoning) part.reasoning = reasoning;
  if (toolCalls.length > 0) part.toolCalls = toolCalls;
  if (chunk.done !== true) return part;
  const prompt = countOf(chunk.prompt_eval_count);
  const completion = countOf(chunk.eval_count);
  if (prompt !== null && completion !== null) {
    part.usage = { prompt_tokens: prompt, completion_tokens: completion };
  }
  return { ...part, finish: textOf(chunk.done_reason) || "stop", isLast: true };
}
