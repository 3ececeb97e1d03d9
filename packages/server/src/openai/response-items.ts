import type { ToolCall } from "@nanoagent/runtime";
import { callArguments } from "./call-arguments.js";
import { replyId } from "./reply-id.js";

export type ItemStatus = "in_progress" | "completed" | "incomplete";

/** One item of a response's output. */
export type OutputItem = MessageItem | ReasoningItem | CallItem;

export interface MessageItem {
  type: "message";
  id: string;
  role: "assistant";
  status: ItemStatus;
  content: readonly TextPart[];
}

export interface TextPart {
  type: "output_text";
  text: string;
  annotations: readonly never[];
  logprobs: readonly never[];
}

export interface ReasoningItem {
  type: "reasoning";
  id: string;
  status: ItemStatus;
  summary: readonly never[];
  content: readonly { type: "reasoning_text"; text: string }[];
}

export interface CallItem {
  type: "function_call";
  id: string;
  call_id: string;
  name: string;
  /** JSON in a text. */
  arguments: string;
  status: ItemStatus;
}

/** Returns a message or a reasoning item without text, and the kind of its only part. */
export const newTextItem = {
  message: (): MessageItem => ({
    type: "message",
    id: replyId("msg_"),
    role: "assistant",
    status: "in_progress",
    content: [],
  }),
  reasoning: (): ReasoningItem => ({
    type: "reasoning",
    id: replyId("rs_"),
    status: "in_progress",
    summary: [],
    content: [],
  }),
};

/** Returns the part of a message or reasoning item that has this text. */
export const textPart = {
  message: (text: string): TextPart => ({ type: "output_text", text, annotations: [], logprobs: [] }),
  reasoning: (text: string) => ({ type: "reasoning_text" as const, text }),
};

export function callItem(call: ToolCall): CallItem {
  return {
    type: "function_call",
    id: replyId("fc_"),
    call_id: call.id,
    name: call.name,
    arguments: callArguments(call),
    status: "completed",
  };
}
