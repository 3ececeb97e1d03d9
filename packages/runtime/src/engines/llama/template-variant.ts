import type { EngineTool } from "../engine.js";
import { type ChatMessage, withoutSystem } from "./chat-message.js";

/** Input formats that templates may require. The usual one is first. */
const ways = {
  /** Instructions as a separate message, or before the first message for a template without a system role. */
  instructions: ["message", "first-message"],
  /** Content as one text, or as a list of parts. */
  content: ["text", "parts"],
  /** Arguments of a call as an object, or as JSON text. */
  input: ["object", "json"],
  /** Several calls of one message together, or each followed by its result. */
  calls: ["together", "apart"],
  /** Content of a message with only calls, as an empty text or as null. */
  silence: ["text", "null"],
  /** Tools inside `{"type": "function", "function": …}`, or bare. */
  tools: ["functions", "bare"],
} as const;

/** A combination of input formats. */
export type TemplateVariant = { readonly [Way in keyof typeof ways]: (typeof ways)[Way][number] };

const usualVariant = Object.fromEntries(
  Object.entries(ways).map(([way, [usual]]) => [way, usual]),
) as unknown as TemplateVariant;

/** Formats that matter to a conversation without calls and tools. */
const plainWays: readonly (keyof TemplateVariant)[] = ["instructions", "content"];

/** Returns all variants with some formats given, those that differ least from the usual one first. */
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

/** A conversation for a template. A system message comes first. */
export interface TemplateConversation {
  messages: readonly ChatMessage[];
  tools: readonly EngineTool[];
}

/** Returns the template variables `messages` and `tools` for a conversation. */
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

/** Splits a message with several calls into one message per call, each followed by its result. */
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
    // Results of several calls are already placed after their calls.
    const caller = messages.findLastIndex(({ role }, at) => at < index && role !== "tool");
    return message.role === "tool" && (messages[caller]?.tool_calls?.length ?? 0) > 1 ? [] : [message];
  };
}
