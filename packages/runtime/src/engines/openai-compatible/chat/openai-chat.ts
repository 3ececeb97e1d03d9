import type { JsonObject } from "../../../json/read-json.js";
import { wholeJson } from "../../../whole-text.js";
import type { EngineMessage, SamplingOptions } from "../../engine.js";
import type { ThinkingSetting } from "../../thinking-setting.js";
import type { RemoteServer } from "../server/remote-server.js";
import { type ChatDialect, conversationOf, toolChoiceOf, toolsOf } from "./chat-dialect.js";

/** `/v1/chat/completions` with its stream of Server-Sent Events. */
export function openaiChat(server: RemoteServer, thinking: ThinkingSetting = "auto"): ChatDialect {
  return {
    path: "/v1/chat/completions",
    contentType: "text/event-stream",
    body: (request, form) => ({
      model: server.model,
      messages: conversationOf(request, server, form).map(messageOf),
      stream: true,
      stream_options: { include_usage: true },
      ...samplingOf(request.sampling ?? {}, server.kind),
      ...thinkingOf(thinking, server.kind),
      ...toolsOf(request, server),
      ...toolChoiceOf(request, server),
      ...(request.responseSchema === undefined
        ? {}
        : {
            response_format: {
              type: "json_schema",
              json_schema: { name: "reply", strict: true, schema: request.responseSchema },
            },
          }),
    }),
  };
}

function messageOf({ role, content, tool_calls, tool_call_id }: EngineMessage): object {
  return {
    role,
    content,
    ...(tool_call_id === undefined ? {} : { tool_call_id }),
    ...(tool_calls === undefined
      ? {}
      : {
          tool_calls: tool_calls.map(({ id, name, arguments: input }) => ({
            id,
            type: "function",
            function: { name, arguments: wholeJson(input) },
          })),
        }),
  };
}

/** Options outside the common API, by their names in a config. */
const beyondCommon = { topK: "top_k", minP: "min_p", repeatPenalty: "repeat_penalty" } as const;

/** Names of the options that are set and not sent to a server of this kind. */
export function unsentSampling(sampling: SamplingOptions, kind: RemoteServer["kind"]): string[] {
  if (kind !== "openai") return [];
  const options = Object.entries(beyondCommon) as [keyof typeof beyondCommon, string][];
  return options.flatMap(([option, name]) => (sampling[option] === undefined ? [] : [name]));
}

/**
 * How servers are told whether the model thinks: those that render the model's own template take its variables, of which a
 * template reads the one that it knows, and all others the common API's word for the effort.
 */
function thinkingOf(thinking: ThinkingSetting, kind: RemoteServer["kind"]): JsonObject {
  if (thinking === "auto") return {};
  const isOn = thinking === "on";
  if (kind === "llama-server" || kind === "vllm") {
    return { chat_template_kwargs: { enable_thinking: isOn, thinking: isOn } };
  }
  return { reasoning_effort: isOn ? "medium" : "none" };
}

/** What is no part of the common API goes to the servers that are known to take it: others refuse what they do not know. */
function samplingOf(sampling: SamplingOptions, kind: RemoteServer["kind"]): JsonObject {
  const { maxTokens, temperature, topK, topP, minP, repeatPenalty, seed, stop } = sampling;
  const common = { max_tokens: maxTokens, temperature, top_p: topP, seed, stop };
  if (kind === "openai") return common;
  const penalty = kind === "vllm" ? { repetition_penalty: repeatPenalty } : { repeat_penalty: repeatPenalty };
  return { ...common, top_k: topK, min_p: minP, ...penalty };
}
