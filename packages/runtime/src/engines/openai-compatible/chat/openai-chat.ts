import type { EngineMessage, EngineRequest, SamplingOptions, TokenUsage } from "../../engine.js";
import { countOf, type JsonObject, listOf, objectOf, parseJson, textOf } from "../read-json.js";
import type { RemoteServer } from "../server/remote-server.js";
import { ServerSentEventParser } from "../stream/server-sent-events.js";
import {
  type ChatDialect,
  MAX_PIECE_BYTES,
  NoSuchReply,
  type ReplyReader,
  toolsOf,
  wellFormed,
} from "./chat-dialect.js";
import type { ReplyPart, ToolCallPart } from "./reply-part.js";

/** `/v1/chat/completions` with its stream of Server-Sent Events. */
export function openaiChat(server: RemoteServer): ChatDialect {
  return {
    path: "/v1/chat/completions",
    contentType: "text/event-stream",
    body: (request) => ({
      model: server.model,
      messages: messagesOf(request, server.abilities.systemRole),
      stream: true,
      stream_options: { include_usage: true },
      ...samplingOf(request.sampling ?? {}, server.kind),
      ...toolsOf(request, server),
      ...(request.responseSchema === undefined
        ? {}
        : {
            response_format: {
              type: "json_schema",
              json_schema: { name: "reply", strict: true, schema: request.responseSchema },
            },
          }),
    }),
    open: () => new OpenaiReplyReader(),
  };
}

function messagesOf({ instructions, messages }: EngineRequest, systemRole: boolean): object[] {
  const sent = messages.map(messageOf);
  if (instructions === null) return sent;
  if (systemRole) return [{ role: "system", content: wellFormed(instructions) }, ...sent];
  // A template that has no place for instructions is given them with the first thing that the user says.
  const first = messages.findIndex(({ role }) => role === "user");
  return sent.map((message, index) =>
    index === first ? { ...message, content: wellFormed(`${instructions}\n\n${messages[first]?.content}`) } : message,
  );
}

function messageOf({ role, content, tool_calls = [], tool_call_id }: EngineMessage): object {
  return {
    role,
    content: wellFormed(content),
    ...(tool_call_id === undefined ? {} : { tool_call_id }),
    ...(tool_calls.length === 0
      ? {}
      : {
          tool_calls: tool_calls.map(({ id, name, arguments: value }) => ({
            id,
            type: "function",
            function: { name, arguments: typeof value === "string" ? value : (JSON.stringify(value) ?? "{}") },
          })),
        }),
  };
}

/** What is no part of the common API goes to the servers that are known to take it: others refuse what they do not know. */
function samplingOf(sampling: SamplingOptions, kind: RemoteServer["kind"]): JsonObject {
  const { maxTokens, temperature, topK, topP, minP, repeatPenalty, seed, stop } = sampling;
  const common = { max_tokens: maxTokens, temperature, top_p: topP, seed, stop };
  if (kind === "openai") return common;
  const penalty = kind === "vllm" ? { repetition_penalty: repeatPenalty } : { repeat_penalty: repeatPenalty };
  return { ...common, top_k: topK, min_p: minP, ...penalty };
}

class OpenaiReplyReader implements ReplyReader {
  readonly #events = new ServerSentEventParser(MAX_PIECE_BYTES);

  *push(bytes: Buffer): Generator<ReplyPart> {
    for (const { type, data } of this.#events.push(bytes)) yield* readEvent(type, data);
  }

  *end(): Generator<ReplyPart> {
    for (const { type, data } of this.#events.end()) yield* readEvent(type, data);
  }
}

function* readEvent(type: string, data: string): Generator<ReplyPart> {
  const text = data.trim();
  if (text === "") return;
  if (text === "[DONE]") {
    yield { isLast: true };
    return;
  }
  const value = parseJson(text);
  if (value === undefined) {
    if (type === "error") yield { error: text };
    else throw new NoSuchReply("sent a piece of its reply that is no JSON");
  } else if (type === "error") yield { error: objectOf(value).error ?? value };
  else yield readChunk(objectOf(value));
}

function readChunk(chunk: JsonObject): ReplyPart {
  if (chunk.error) return { error: chunk.error };
  const usage = usageOf(objectOf(chunk.usage));
  // Of several replies, the first is ours: no more were asked for.
  const choice = objectOf(listOf(chunk.choices).find((value) => (objectOf(value).index ?? 0) === 0));
  const delta = objectOf(choice.delta);
  const part: ReplyPart = usage === null ? {} : { usage };
  const text = textOf(delta.content);
  const reasoning = textOf(delta.reasoning_content) ?? textOf(delta.reasoning);
  const toolCalls = listOf(delta.tool_calls).map(toolCallOf);
  const finish = textOf(choice.finish_reason);
  if (text) part.text = text;
  if (reasoning) part.reasoning = reasoning;
  if (toolCalls.length > 0) part.toolCalls = toolCalls;
  if (finish) part.finish = finish;
  return part;
}

function toolCallOf(value: unknown): ToolCallPart {
  const call = objectOf(value);
  const called = objectOf(call.function);
  return { index: countOf(call.index), id: textOf(call.id), name: textOf(called.name), arguments: called.arguments };
}

function usageOf(usage: JsonObject): TokenUsage | null {
  const prompt = countOf(usage.prompt_tokens);
  const completion = countOf(usage.completion_tokens);
  if (prompt === null || completion === null) return null;
  const cached = countOf(objectOf(usage.prompt_tokens_details).cached_tokens);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    ...(cached === null ? {} : { cached_prompt_tokens: cached }),
  };
}
