import { AgentMessage, type AgentMessageInput, InvalidDataError } from "@nanoagent/models";
import { noteFailed } from "./acts/failed-results.js";
import type { ConversationMessage } from "./engines/conversation-message.js";
import { NanoRuntimeError } from "./nano-runtime-error.js";
import { timestamp } from "./timestamp.js";
import { wholeText } from "./whole-text.js";

/** Most bytes of a message, in UTF-8. A longer one would push everything else out of the history. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Most results in one message. */
const MAX_RESULTS = 64;

/** Results of tools that the caller ran, for the calls with which the previous reply ended. */
export interface CallResults {
  role: "tool";
  results: readonly CallResult[];
}

export interface CallResult {
  /** Id of the call. */
  tool_call_id: string;
  content: string;
  /** Whether the tool failed. Default: false. */
  is_error?: boolean | undefined;
}

/** A message to answer: text, a user message, or results of the caller's tools. */
export type TurnMessage = string | AgentMessageInput | CallResults;

/** Returns the messages that open a turn, at least one. Throws `invalid-message` or `message-too-large`. */
export function checkMessage(message: TurnMessage): readonly ConversationMessage[] {
  if (isResults(message)) return checkResults(message.results);
  return [checkUserMessage(message)];
}

function isResults(message: TurnMessage): message is CallResults {
  return typeof message === "object" && message !== null && "results" in message;
}

function checkResults(results: CallResults["results"]): readonly ConversationMessage[] {
  const isValid =
    Array.isArray(results) &&
    results.length > 0 &&
    results.length <= MAX_RESULTS &&
    results.every((result) => typeof result?.content === "string" && typeof result.tool_call_id === "string");
  if (!isValid) {
    throw new NanoRuntimeError({
      code: "invalid-message",
      message: `Invalid message: it must have 1 to ${MAX_RESULTS} results, each with tool_call_id and content.`,
      hint: 'Pass { role: "tool", results: [{ tool_call_id: "…", content: "…" }] }.',
    });
  }
  return results.map(({ content, tool_call_id, is_error }) => {
    const message = { ...withinBounds({ role: "tool", content, timestamp: timestamp() }), tool_call_id };
    if (is_error) noteFailed(message);
    return Object.freeze(message);
  });
}

function checkUserMessage(message: string | AgentMessageInput): AgentMessage {
  if (typeof message === "string") return withinBounds({ role: "user", content: message, timestamp: timestamp() });
  const result = AgentMessage.safeParse(message);
  if (!result.success) {
    throw new NanoRuntimeError({
      code: "invalid-message",
      message: `Invalid message: ${new InvalidDataError(result.issues).message}.`,
      hint: 'Pass a string, or { role: "user", content: "…" }.',
    });
  }
  const { role } = result.value;
  if (role !== "user") {
    throw new NanoRuntimeError({
      code: "invalid-message",
      message: `The message must have the role "user", not "${role}".`,
      hint: 'Pass { role: "user", content: "…" }.',
    });
  }
  return withinBounds(result.value);
}

function withinBounds(message: AgentMessage): AgentMessage {
  if (isTooLarge(message.content)) {
    throw new NanoRuntimeError({
      code: "message-too-large",
      message: `The message exceeds the limit of ${MAX_MESSAGE_BYTES} bytes.`,
      hint: "Split it into several messages.",
    });
  }
  const content = wholeText(message.content);
  // V8 creates a separate hidden class for each modified and frozen copy, which is larger than the message.
  return Object.freeze(content === message.content ? message : { ...message, content });
}

/** Most texts are far below the limit in any encoding and need no counting. */
function isTooLarge(text: string): boolean {
  if (text.length * 3 <= MAX_MESSAGE_BYTES) return false;
  return text.length > MAX_MESSAGE_BYTES || new TextEncoder().encode(text).length > MAX_MESSAGE_BYTES;
}
