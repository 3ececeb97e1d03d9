import type { JsonObject } from "../../../json/read-json.js";
import { wholeJson } from "../../../whole-text.js";
import type { EngineMessage, SamplingOptions } from "../../engine.js";
import type { ThinkingSetting } from "../../thinking-setting.js";
import type { RemoteServer } from "../server/remote-server.js";
import { type ChatDialect, conversationOf, toolChoiceOf, toolsOf } from "./chat-dialect.js";

/** `/v1/chat/completions` with Server-Sent Events. */
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

/** Options outside the OpenAI API, with their config names. */
const beyondCommon = { topK: "top_k", minP: "min_p", repeatPenalty: "repeat_penalty" } as const;

/** Returns the config names of options that are set but not sent to this kind of server. */
export function unsentSampling(sampling: SamplingOptions, kind: RemoteServer["kind"]): string[] {
  if (kind !== "openai") return [];
  const options = Object.entries(beyondCommon) as [keyof typeof beyondCommon, string][];
  return options.flatMap(([option, name]) => (sampling[option] === undefined ? [] : [name]));
}

/**
 * Parameters that turn thinking on or off. Servers that render the model's own template get template variables, of
 * which the template uses the one it knows. All other servers get the OpenAI API's reasoning effort.
 */
function thinkingOf(thinking: ThinkingSetting, kind: RemoteServer["kind"]): JsonObject {
  if (thinking === "auto") return {};
  const isOn = thinking === "on";
  if (kind === "llama-server" || kind === "vllm") {
    return { chat_template_kwargs: { enable_thinking: isOn, thinking: isOn } };
  }
  return { reasoning_effort: isOn ? "medium" : "none" };
}

/** Options outside the OpenAI API go only to servers known to support them, because others reject unknown options. */
function samplingOf(sampling: SamplingOptions, kind: RemoteServer["kind"]): JsonObject {
  const { maxTokens, temperature, topK, topP, minP, repeatPenalty, seed, stop } = sampling;
  const common = { max_tokens: maxTokens, temperature, top_p: topP, seed, stop };
  if (kind === "openai") return common;
  const penalty = kind === "vllm" ? { repetition_penalty: repeatPenalty } : { repeat_penalty: repeatPenalty };
  return { ...common, top_k: topK, min_p: minP, ...penalty };
}
