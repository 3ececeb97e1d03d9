import type { EngineTool } from "../engine.js";
import type { ChatCall, ChatMessage } from "./chat-message.js";
import type { TemplateConversation } from "./template-variant.js";

/** The traits of a conversation that a template may treat in its own way. */
export interface ConversationKind {
  hasInstructions: boolean;
  hasTools: boolean;
  /** Most calls of one message: none, one, or several. */
  calls: 0 | 1 | 2;
  /** Whether a message both says something and calls. */
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

/** Returns the mark of a place in the probe: a word that no template has, and that no escaping changes. */
const markOf = (place: string): string => `Zq${place}qZ`;

const probeTool: EngineTool = {
  name: markOf("tool"),
  description: markOf("description"),
  inputSchema: { type: "object", properties: { place: { type: "string" } }, required: ["place"] },
};

/** Returns a conversation of this kind in which every text is a mark. */
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

/** What a template made of a probe. */
export interface ProbeResult {
  /** Text between the last mark and the end: what the template puts before the reply. */
  suffix: string;
  /** Text between the assistant's answer and the next message of the user's; null where the probe has none. */
  afterAnswer: string | null;
  /** Whether the tools are in the text. Where the conversation ends with a result, some templates leave them out. */
  showsTools: boolean;
  /** Whether what is said beside a call is in the text. Templates of models that never do so leave it out. */
  keepsWordsBesideCalls: boolean;
}

/**
 * Compares the text that a template wrote with the marks of the probe: each must be there once, and in the order of the
 * conversation. Instructions may be anywhere. Returns what was found, or a phrase that says what is missing.
 */
export function readProbe(kind: ConversationKind, text: string): ProbeResult | string {
  const placeOf = (name: string) => text.indexOf(markOf(name));
  const isOnce = (name: string) => placeOf(name) >= 0 && text.lastIndexOf(markOf(name)) === placeOf(name);
  const calls = ["call1", "call2"].slice(0, kind.calls);
  const results = ["result1", "result2"].slice(0, kind.calls);
  const said = kind.endsWithResult ? [] : ["answer", "user2"];
  const names = ["user1", ...calls, ...results, ...said];
  if (kind.hasInstructions && !isOnce("system")) return "leaves the instructions out";
  for (const name of names) {
    if (isOnce(name)) continue;
    const what = name.startsWith("call") ? "a call" : name.startsWith("result") ? "a tool's result" : "a message";
    return placeOf(name) < 0 ? `leaves ${what} out` : `writes ${what} twice`;
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
  if (kind.hasTools && !showsTools && !kind.endsWithResult) return "leaves the tools out";
  const ends = [...names, "system"].map((name) => (placeOf(name) < 0 ? 0 : placeOf(name) + markOf(name).length));
  const answerEnd = placeOf("answer") + markOf("answer").length;
  return {
    suffix: text.slice(Math.max(...ends)),
    afterAnswer: kind.endsWithResult ? null : text.slice(answerEnd, placeOf("user2")),
    showsTools,
    keepsWordsBesideCalls: !kind.saysBesideCalls || placeOf("said") >= 0,
  };
}
