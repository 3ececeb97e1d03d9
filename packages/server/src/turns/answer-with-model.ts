import { NanoAgentError } from "@nanoagent/models";
import type { Agent, EngineEvent, EngineMessage, TokenUsage, ToolCall } from "@nanoagent/runtime";
import { aborted } from "../conversations/waiting-line.js";
import type { AnswerEvent, Ask } from "./ask.js";

/** Answers a request with the agent's model alone, without its instructions, tools, intents and conversations. */
export async function* answerWithModel(ask: Ask, agent: Agent, signal: AbortSignal): AsyncGenerator<AnswerEvent, void> {
  const { instructions, before, message, callerTools, responseSchema, sampling } = ask;
  const timestamp = new Date().toISOString();
  const opening: EngineMessage[] =
    typeof message === "string"
      ? [{ role: "user", content: message }]
      : message.results.map(({ content, tool_call_id }) => ({ role: "tool", content, tool_call_id }));
  const { role, content } = opening.at(-1) as EngineMessage;
  yield { type: "run-start", message: { role, content, timestamp } };
  const mustCall = callerTools?.choice === "required";
  const request = {
    instructions,
    messages: [...before, ...opening],
    responseSchema,
    sampling,
    tools: callerTools?.tools,
    ...(mustCall && { toolChoice: "forced" as const }),
  };
  let text = "";
  let usage: TokenUsage | null = null;
  const calls: ToolCall[] = [];
  let last: Extract<EngineEvent, { type: "end" | "error" }> | null = null;
  for await (const event of agent.generate(request, { signal })) {
    switch (event.type) {
      case "text-delta":
        text += event.text;
        yield event;
        break;
      case "text-retraction":
        text = "";
        yield event;
        break;
      case "tool-call": {
        const { id, name, arguments: input } = event.call;
        const call = { id: isFree(id, calls) ? id : `call_${crypto.randomUUID()}`, name, arguments: input };
        calls.push(call);
        yield { type: "tool-call", ...call, for_caller: true };
        break;
      }
      case "usage":
        ({ usage } = event);
        break;
      case "error":
      case "end":
        last = event;
        break;
      default:
        yield event;
    }
  }
  // The engine is free now. Nobody may ask for another event after the last one.
  if (last?.type === "error") yield last;
  else if (last !== null) yield* endOf(last, { text, usage, calls, mustCall });
}

/** Yields the events that end a reply. */
function* endOf(
  { reason }: Extract<EngineEvent, { type: "end" }>,
  reply: { text: string; usage: TokenUsage | null; calls: readonly ToolCall[]; mustCall: boolean },
): Generator<AnswerEvent, void> {
  const { text, usage, calls, mustCall } = reply;
  if (reason === "abort") yield { type: "error", error: aborted() };
  else if (mustCall && calls.length === 0) yield { type: "error", error: callMissing() };
  else {
    yield { type: "step-end", step: 1, reason, usage };
    const message = { role: "assistant", content: text, timestamp: new Date().toISOString() } as const;
    yield { type: "run-end", reply: message, reason, usage, ...(calls.length > 0 && { calls }) };
  }
}

function isFree(id: string, calls: readonly ToolCall[]): boolean {
  return id !== "" && !calls.some((call) => call.id === id);
}

/** The runtime's error for the same case in a turn of the agent. */
function callMissing(): NanoAgentError {
  return new NanoAgentError({
    code: "call-missing",
    message: "The model answered with text although a tool call was required.",
    hint: "Let the model decide whether to call a tool, or use a model that calls tools.",
  });
}
