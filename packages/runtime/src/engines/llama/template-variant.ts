import type { EngineTool } from "../engine.js";
import { type ChatMessage, withoutSystem } from "./chat-message.js";

/** Ways in which templates want what they are given. The first of each is the usual one. */
const ways = {
  /** Instructions as a message of their own, or before the first message, for a template that knows no system role. */
  instructions: ["message", "first-message"],
  /** A content as one text, or as a list of parts. */
  content: ["text", "parts"],
  /** The arguments of a call as an object, or as its JSON. */
  input: ["object", "json"],
  /** Several calls of one message together, or each with its result behind it. */
  calls: ["together", "apart"],
  /** The content of a message that only calls, as an empty text or as nothing. */
  silence: ["text", "null"],
  /** Tools inside of `{"type": "function", "function": …}`, or bare. */
  tools: ["functions", "bare"],
} as const;

/** How a template is given a conversation. */
export type TemplateVariant = { readonly [Way in keyof typeof ways]: (typeof ways)[Way][number] };

const usualVariant = Object.fromEntries(
  Object.entries(ways).map(([way, [usual]]) => [way, usual]),
) as unknown as TemplateVariant;

/** Ways that matter to a conversation without calls and tools. */
const plainWays: readonly (keyof TemplateVariant)[] = ["instructions", "content"];

/** All variants with some ways given, those that differ least from the usual one first. */
export function templateVariants(hasToolsOrCalls: boolean, given: Partial<TemplateVariant> = {}): TemplateVariant[] {
  const all = hasToolsOrCalls ? (Object.keys(ways) as (keyof TemplateVariant)[]) : plainWays;
  const names = all.filter((way) => given[way] === undefined);
  const sets = Array.from({ length: 2 ** names.length }, (_, bits) => names.filter((_, at) => (bits >> at) & 1));
  sets.sort((a, b) => a.length - b.length);
  return sets.map((changed) => ({
    ...usualVariant,
    ...given,
    ...Object.fromEntries(changed.map((way) => [way, ways[way][1]])),
  }));
}

/** A conversation for a template: the system message first, where there is one. */
export interface TemplateConversation {
  messages: readonly ChatMessage[];
  tools: readonly EngineTool[];
}

/** Returns the template's variables `messages` and `tools` for a conversation. */
export function toVariables({ messages, tools }: TemplateConversation, variant: TemplateVariant) {
  const placed = variant.instructions === "message" ? messages : withoutSystem(messages);
  const parted = variant.calls === "together" ? placed : placed.flatMap(callsApart(placed));
  return {
    messages: parted.map((message) => toVariable(message, variant)),
    tools:
      tools.length === 0
        ? null
        : tools.map(({ name, description, inputSchema }) => {
            const tool = { name, description, parameters: inputSchema };
            return variant.tools === "bare" ? tool : { type: "function", function: tool };
          }),
  };
}

function toVariable({ role, content, tool_calls, tool_call_id, name }: ChatMessage, variant: TemplateVariant) {
  const calls = tool_calls?.map((call) => {
    const { name, arguments: input } = call.function;
    return variant.input === "json" ? { ...call, function: { name, arguments: JSON.stringify(input) } } : call;
  });
  const isSilent = calls !== undefined && content === "" && variant.silence === "null";
  return {
    role,
    content: isSilent ? null : variant.content === "parts" ? [{ type: "text", text: content }] : content,
    ...(calls === undefined ? {} : { tool_calls: calls }),
    ...(tool_call_id === undefined ? {} : { tool_call_id, name }),
  };
}

/** Gives each call of a message a message of its own, with its result behind it. */
function callsApart(messages: readonly ChatMessage[]) {
  return (message: ChatMessage, index: number): ChatMessage[] => {
    const { tool_calls = [] } = message;
    if (tool_calls.length > 1) {
      return tool_calls.flatMap((call, at) => {
        const result = messages[index + 1 + at];
        const asked = { ...message, content: at === 0 ? message.content : "", tool_calls: [call] };
        return result?.role === "tool" ? [asked, result] : [asked];
      });
    }
    // The results of several calls stand behind theirs already.
    const caller = messages.findLastIndex(({ role }, at) => at < index && role !== "tool");
    return message.role === "tool" && (messages[caller]?.tool_calls?.length ?? 0) > 1 ? [] : [message];
  };
}
