import type { EngineTool } from "../engine.js";
import type { ChatCall, ChatMessage } from "./chat-message.js";
import type { TemplateConversation } from "./template-variant.js";

/** Properties of a conversation that a template may treat specially. */
export interface ConversationKind {
  hasInstructions: boolean;
  hasTools: boolean;
  /** Most calls per message: none, one, or several. */
  calls: 0 | 1 | 2;
  /** Whether a message has both text and calls. */
  saysBesideCalls: boolean;
  endsWithResult: boolean;
}

export function kindOf({ messages, tools }: TemplateConversation): ConversationKind {
  const calls = messages.reduce((most, { tool_calls = [] }) => Math.max(most, tool_calls.length), 0);
  return {
    hasInstructions: messages[0]?.role === "system",
    hasTools: tools.length > 0,
    calls: calls > 1 ? 2 : calls === 1 ? 1 : 0,
    saysBesideCalls: messages.some(({ content, tool_calls = [] }) => tool_calls.length > 0 && content !== ""),
    endsWithResult: messages.at(-1)?.role === "tool",
  };
}

/** Returns the marker of a place in the probe: a word that no template contains and that escaping does not change. */
const markOf = (place: string): string => `Zq${place}qZ`;

const probeTool: EngineTool = {
  name: markOf("tool"),
  description: markOf("description"),
  inputSchema: { type: "object", properties: { place: { type: "string" } }, required: ["place"] },
};

/** Returns a conversation of this kind in which every text is a marker. */
export function probeOf(kind: ConversationKind): TemplateConversation {
  const call = (place: string): ChatCall => ({
    id: `call0000${place.at(-1)}`,
    type: "function",
    function: { name: probeTool.name, arguments: { place: markOf(place) } },
  });
  const calls = ["call1", "call2"].slice(0, kind.calls).map(call);
  const results = calls.map(({ id }, index): ChatMessage => {
    return { role: "tool", content: markOf(`result${index + 1}`), tool_call_id: id, name: probeTool.name };
  });
  const messages: ChatMessage[] = [
    ...(kind.hasInstructions ? [{ role: "system", content: markOf("system") }] : []),
    { role: "user", content: markOf("user1") },
    ...(calls.length === 0
      ? []
      : [{ role: "assistant", content: kind.saysBesideCalls ? markOf("said") : "", tool_calls: calls }, ...results]),
    ...(kind.endsWithResult
      ? []
      : [
          { role: "assistant", content: markOf("answer") },
          { role: "user", content: markOf("user2") },
        ]),
  ];
  return { messages, tools: kind.hasTools ? [probeTool] : [] };
}

/** Result of rendering a probe. */
export interface ProbeResult {
  /** Text after the last marker, which the template puts before the reply. */
  suffix: string;
  /** Text between the assistant's answer and the next user message. Null if the probe has none. */
  afterAnswer: string | null;
  /** Whether the text contains the tools. Some templates omit them if the conversation ends with a result. */
  showsTools: boolean;
  /** Whether the text contains the text beside a call. Templates of models that never write both omit it. */
  keepsWordsBesideCalls: boolean;
}

/**
 * Compares a rendered template with the markers of the probe: each must occur once, in the order of the conversation.
 * Instructions may be anywhere. Returns the result, or a phrase that describes the mismatch.
 */
export function readProbe(kind: ConversationKind, text: string): ProbeResult | string {
  const placeOf = (name: string) => text.indexOf(markOf(name));
  const isOnce = (name: string) => placeOf(name) >= 0 && text.lastIndexOf(markOf(name)) === placeOf(name);
  const calls = ["call1", "call2"].slice(0, kind.calls);
  const results = ["result1", "result2"].slice(0, kind.calls);
  const said = kind.endsWithResult ? [] : ["answer", "user2"];
  const names = ["user1", ...calls, ...results, ...said];
  if (kind.hasInstructions && !isOnce("system")) return "omits the instructions";
  for (const name of names) {
    if (isOnce(name)) continue;
    const what = name.startsWith("call") ? "a call" : name.startsWith("result") ? "a tool's result" : "a message";
    return placeOf(name) < 0 ? `omits ${what}` : `writes ${what} twice`;
  }
  const isAfter = (later: string, earlier: string) => placeOf(later) > placeOf(earlier);
  const inOrder = (sequence: readonly string[]) =>
    sequence.every((name, at) => at === 0 || isAfter(name, sequence[at - 1] ?? name));
  const ordered =
    inOrder(["user1", ...calls, ...said]) &&
    inOrder(["user1", ...results, ...said]) &&
    results.every((result, at) => isAfter(result, calls[at] ?? result));
  if (!ordered) return "changes the order of the messages";
  const showsTools = placeOf("tool") >= 0 && placeOf("description") >= 0;
  if (kind.hasTools && !showsTools && !kind.endsWithResult) return "omits the tools";
  const ends = [...names, "system"].map((name) => (placeOf(name) < 0 ? 0 : placeOf(name) + markOf(name).length));
  const answerEnd = placeOf("answer") + markOf("answer").length;
  return {
    suffix: text.slice(Math.max(...ends)),
    afterAnswer: kind.endsWithResult ? null : text.slice(answerEnd, placeOf("user2")),
    showsTools,
    keepsWordsBesideCalls: !kind.saysBesideCalls || placeOf("said") >= 0,
  };
}
