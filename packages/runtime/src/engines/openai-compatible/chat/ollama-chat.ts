import type { EngineMessage, SamplingOptions } from "../../engine.js";
import type { ThinkingSetting } from "../../thinking-setting.js";
import type { RemoteServer } from "../server/remote-server.js";
import { type ChatDialect, conversationOf, toolsOf } from "./chat-dialect.js";

/**
 * Ollama's own `/api/chat` with its stream of JSON lines. Unlike the OpenAI API, it lets the client set the context
 * size and refuse long prompts instead of truncating them silently.
 */
export function ollamaChat(server: RemoteServer, thinking: ThinkingSetting = "auto"): ChatDialect {
  return {
    path: "/api/chat",
    contentType: "application/x-ndjson",
    body: (request, form) => ({
      model: server.model,
      messages: messagesOf(conversationOf(request, server, form)),
      stream: true,
      truncate: false,
      shift: false,
      options: { num_ctx: server.contextTokens, ...samplingOf(request.sampling ?? {}) },
      ...(thinking === "auto" ? {} : { think: thinking === "on" }),
      ...toolsOf(request, server),
      ...(request.responseSchema === undefined ? {} : { format: request.responseSchema }),
    }),
  };
}

function messagesOf(messages: readonly EngineMessage[]): object[] {
  const names = new Map<string, string>();
  for (const { tool_calls = [] } of messages) for (const { id, name } of tool_calls) names.set(id, name);
  return messages.map((message) => messageOf(message, names));
}

function messageOf({ role, content, tool_calls, tool_call_id }: EngineMessage, names: Map<string, string>): object {
  return {
    role,
    content,
    ...(tool_call_id === undefined ? {} : { tool_call_id, tool_name: names.get(tool_call_id) }),
    ...(tool_calls === undefined
      ? {}
      : {
          tool_calls: tool_calls.map(({ id, name, arguments: input }) => ({
            id,
            function: { name, arguments: input },
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
