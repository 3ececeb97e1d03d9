import {
  type ConversationMessage,
  defineTool,
  type Engine,
  EngineError,
  type EngineEvent,
  type EngineMessage,
  type EngineRequest,
  type ToolCall,
} from "@nanoagent/runtime";
import { inShort } from "./chat-client.js";

/** A tool of the agent itself. */
export const lookup = defineTool({
  name: "lookup",
  description: "Looks something up.",
  input: { type: "object", properties: { key: { type: "string" } } },
  changesWorld: false,
  run: (input) => `found ${(input as { key?: string }).key ?? "nothing"}`,
});

/**
 * An engine that does what the last user message asks for, in words: `look` calls the agent's tool, `light` one of the
 * client's, `fail` ends with an error after a piece of text, `slow` waits, `think` takes a text back. Every reply has a text of its own.
 */
export class LookupEngine implements Engine {
  readonly name = "lookup";
  readonly contextTokens = null;
  readonly requests: EngineRequest[] = [];
  #replies = 0;

  async *generate(
    request: EngineRequest,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<EngineEvent> {
    this.requests.push({ ...request, messages: [...request.messages] });
    const number = ++this.#replies;
    const { messages, tools = [] } = request;
    const asked = messages.findLast(({ role }) => role === "user")?.content ?? "";
    const done = new Set(messages.slice(messages.findLastIndex(({ role }) => role === "user")).flatMap(callNames));
    const calls: ToolCall[] = [];
    const offers = (name: string) => tools.some((tool) => tool.name === name) && !done.has(name);
    if (asked.includes("look") && offers("lookup")) {
      calls.push({ id: `own-${number}`, name: "lookup", arguments: { key: `k${number}` } });
    }
    if (asked.includes("light") && offers("switch_light")) {
      for (const on of asked.includes("lights") ? [true, false] : [true]) {
        calls.push({ id: `call-${number}-${on}`, name: "switch_light", arguments: { on } });
      }
    }
    if (asked.includes("think") && calls.length === 0) {
      yield { type: "text-delta", text: "Thinking." };
      yield { type: "text-retraction" };
    }
    if (asked.includes("slow")) await pause(5, signal);
    for (const text of calls.length === 0
      ? [`Reply ${number}`, " is said.\n"]
      : asked.includes("look")
        ? ["One moment."]
        : []) {
      if (signal?.aborted) break;
      yield { type: "text-delta", text };
      if (asked.includes("fail")) {
        yield { type: "error", error: EngineError.closed(this.name) };
        return;
      }
    }
    if (signal?.aborted) {
      yield { type: "end", reason: "abort" };
      return;
    }
    for (const call of calls) yield { type: "tool-call", call };
    yield { type: "usage", usage: { prompt_tokens: messages.length, completion_tokens: 1 } };
    yield { type: "end", reason: calls.length > 0 ? "tool-calls" : "stop" };
  }

  countTokens(text: string): number {
    return text === "" ? 0 : Math.max(1, text.split(" ").length);
  }

  async close(): Promise<void> {}
}

function callNames({ tool_calls = [] }: EngineMessage): string[] {
  return tool_calls.map(({ name }) => name);
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Texts that the runtime adds to a turn that was interrupted after calls. */
const INTERRUPTED_REPLY = "(This reply was interrupted before it was written.)";
const NO_RESULT = "Interrupted: this call has no result.";

/**
 * Returns the messages of a request in short, as their client has seen them: without the agent's own calls, and without
 * calls that an interruption has answered.
 */
export function visibleInShort(messages: readonly EngineMessage[]): string[] {
  const visible: EngineMessage[] = [];
  let own = new Set<string>();
  let hasOwn = false;
  for (const [index, { role, content, tool_calls = [], tool_call_id }] of messages.entries()) {
    if (role === "tool" && own.has(tool_call_id ?? "")) continue;
    const shown = { role, content: content === INTERRUPTED_REPLY ? "" : content };
    if (role !== "assistant") {
      visible.push({ ...shown, ...(tool_call_id !== undefined && { tool_call_id }) });
      if (role === "user") hasOwn = false;
      continue;
    }
    const end = messages.findIndex((message, at) => at > index && message.role !== "tool");
    const results = messages.slice(index + 1, end < 0 ? undefined : end);
    const isOwn = ({ id }: ToolCall) =>
      id.startsWith("own-") || results.some((result) => result.tool_call_id === id && result.content === NO_RESULT);
    own = new Set(tool_calls.filter(isOwn).map(({ id }) => id));
    const calls = tool_calls.filter(({ id }) => !own.has(id));
    const last = visible.at(-1);
    const reply = { ...shown, ...(calls.length > 0 && { tool_calls: calls }) };
    if (hasOwn && last?.role === "assistant") {
      const joined = [last.content, reply.content].filter((text) => text !== "").join("\n\n");
      visible[visible.length - 1] = { ...reply, content: joined };
    } else visible.push(reply);
    hasOwn = own.size > 0;
  }
  return inShort(visible as ConversationMessage[]);
}
