import type { CallerTools, ConversationMessage, EngineTool, ToolCall } from "@nanoagent/runtime";
import type { AnswerEvent, Answering, Ask } from "../../src/turns/ask.js";
import { type ClientMessage, splitMessages } from "../../src/turns/split-messages.js";

/** A tool that clients offer. */
const light: EngineTool = {
  name: "switch_light",
  description: "Switches the light.",
  inputSchema: { type: "object", properties: { on: { type: "boolean" } } },
};

export const callerTools: CallerTools = { tools: [light] };

/** Returns a request as an API would make it from a client's list of messages. */
export function askOf(messages: readonly ClientMessage[], changes: Partial<Ask> = {}): Ask {
  return { target: "agent", conversationIds: [], ...splitMessages(messages), mayAskClient: false, ...changes };
}

export const user = (content: string): ClientMessage => ({ role: "user", content });
export const assistant = (content: string): ClientMessage => ({ role: "assistant", content });

/** Reads the events of a reply. */
export async function eventsOf(
  answering: Answering,
  ask: Ask,
  signal: AbortSignal = new AbortController().signal,
): Promise<AnswerEvent[]> {
  const events: AnswerEvent[] = [];
  for await (const event of await answering.answer(ask, signal)) events.push(event);
  return events;
}

/** Returns the text that a client has seen. */
export function textOf(events: readonly AnswerEvent[]): string {
  return events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
}

export function callsOf(events: readonly AnswerEvent[]): readonly ToolCall[] {
  const last = events.at(-1);
  return (last?.type === "run-end" && last.calls) || [];
}

/** A client that keeps its history, and sends all of it with every message. */
export class ChatClient {
  history: ClientMessage[] = [];
  readonly #answering: Answering;
  readonly changes: Partial<Ask>;

  constructor(answering: Answering, changes: Partial<Ask> = {}) {
    this.#answering = answering;
    this.changes = changes;
  }

  /** Sends messages after the history, and keeps them and the reply. Returns the events. */
  async send(...messages: ClientMessage[]): Promise<AnswerEvent[]> {
    const sent = [...this.history, ...messages];
    const events = await eventsOf(this.#answering, askOf(sent, this.changes));
    const tool_calls = callsOf(events);
    const reply: ClientMessage = {
      role: "assistant",
      content: textOf(events),
      ...(tool_calls.length > 0 && { tool_calls }),
    };
    this.history = [...sent, reply];
    return events;
  }

  say(text: string): Promise<AnswerEvent[]> {
    return this.send(user(text));
  }
}

/** A message in short, to compare lists: role, text without white space at its ends, and the positions of calls. */
export function inShort(messages: readonly (ClientMessage | ConversationMessage)[]): string[] {
  let calls: readonly ToolCall[] = [];
  return messages.map(({ role, content, tool_calls, tool_call_id }) => {
    if (role === "tool") return `tool ${calls.findIndex(({ id }) => id === tool_call_id)}: ${content.trimEnd()}`;
    calls = tool_calls ?? [];
    const called = calls.map(({ name, arguments: input }) => ` ${name} ${JSON.stringify(input)}`).join("");
    return `${role}: ${content.trim()}${called}`;
  });
}
