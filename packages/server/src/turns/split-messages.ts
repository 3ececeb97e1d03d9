import type { CallResult, CallResults, ConversationMessage, ToolCall } from "@nanoagent/runtime";
import { ServiceError } from "../errors/service-error.js";
import type { Ask } from "./ask.js";

/** Most results in one message. The runtime accepts no more. */
const MAX_RESULTS = 64;

/** Deepest nesting of a call's arguments. Code that walks them must not run out of stack. */
const MAX_LEVELS = 100;

/** A message of a client's list, after its content was read as text. */
export interface ClientMessage {
  /** A protocol's other names for `system`, such as `developer`, are already replaced. */
  role: "system" | "user" | "assistant" | "tool";
  content: string;
  /** Calls of an assistant message. */
  tool_calls?: readonly ToolCall[] | undefined;
  /** Id of the call that a tool message answers. Absent: the first call that has no result yet. */
  tool_call_id?: string | undefined;
  /** Whether the tool failed. Default: false. */
  is_error?: boolean | undefined;
}

/**
 * Splits a client's list into the parts of an {@link Ask}.
 *
 * - System texts at the beginning are the instructions, joined by an empty line. Later ones become user texts.
 * - The last message must be the user's, or results of tools after the assistant's calls. It is the message to answer;
 *   the rest was said before. Of system texts alone, the last is the message.
 *
 * Throws {@link ServiceError} `request-not-valid` for any other end of the list, and for an empty one.
 */
export function splitMessages(messages: readonly ClientMessage[]): Pick<Ask, "instructions" | "before" | "message"> {
  const leading = messages.findIndex(({ role }) => role !== "system");
  const begin = leading < 0 ? Math.max(0, messages.length - 1) : leading;
  const texts = messages.slice(0, begin).map(({ content }) => content);
  const instructions = texts.filter((text) => text.trim() !== "").join("\n\n") || null;
  const last = messages.at(-1);
  if (last === undefined) {
    throw invalid("The list of messages is empty.", "Send at least one message of the user.");
  }
  if (last.role === "assistant") {
    throw invalid(
      'The last message has the role "assistant". This service does not continue a reply that the client has begun.',
      'End the list with a message of the role "user" or "tool". To have a reply continued, ask for that in it.',
    );
  }
  const timestamp = new Date().toISOString();
  if (last.role !== "tool") {
    return { instructions, before: asConversation(messages.slice(begin, -1), timestamp), message: last.content };
  }
  const end = messages.findLastIndex(({ role }) => role !== "tool");
  const calls = messages[end]?.tool_calls ?? [];
  if (calls.length === 0) {
    throw invalid(
      "The results of tools at the end of the list follow no calls.",
      "Send the assistant's message with its tool_calls before them.",
    );
  }
  const results = resultsFor(calls, messages.slice(end + 1));
  return { instructions, before: asConversation(messages.slice(begin, end + 1), timestamp), message: results };
}

function asConversation(messages: readonly ClientMessage[], timestamp: string): ConversationMessage[] {
  let calls: readonly ToolCall[] = [];
  let unanswered: string[] = [];
  return messages.map(({ role, content, tool_calls = [], tool_call_id }) => {
    if (role === "tool") {
      const id = tool_call_id ?? unanswered[0];
      unanswered = unanswered.filter((other) => other !== id);
      return { role, content, timestamp, ...(id !== undefined && { tool_call_id: id }) };
    }
    calls = role === "assistant" ? tool_calls : [];
    if (calls.some((call) => isNestedDeeper(call.arguments, MAX_LEVELS))) {
      throw invalid(
        `The arguments of a call are nested deeper than ${MAX_LEVELS} levels.`,
        "Send arguments that are flatter.",
      );
    }
    unanswered = calls.map(({ id }) => id);
    const said = { role: role === "system" ? ("user" as const) : role, content, timestamp };
    return calls.length === 0 ? said : { ...said, tool_calls: calls };
  });
}

function resultsFor(calls: readonly ToolCall[], messages: readonly ClientMessage[]): CallResults {
  if (messages.length > MAX_RESULTS) {
    throw invalid(
      `The list ends with ${messages.length} results of tools. The limit is ${MAX_RESULTS}.`,
      "Send one result for each call.",
    );
  }
  let unanswered = calls.map(({ id }) => id);
  const results = messages.map(({ content, tool_call_id, is_error }): CallResult => {
    const id = tool_call_id ?? unanswered[0];
    if (id === undefined || !calls.some((call) => call.id === id)) {
      throw invalid(
        "A result at the end of the list answers none of the assistant's calls.",
        "Set tool_call_id to the id of one of the tool_calls before it.",
      );
    }
    unanswered = unanswered.filter((other) => other !== id);
    return { tool_call_id: id, content, ...(is_error === true && { is_error }) };
  });
  return { role: "tool", results };
}

function isNestedDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isNestedDeeper(part, levels - 1));
}

function invalid(message: string, hint: string): ServiceError {
  return ServiceError.invalid("messages", message, hint);
}
