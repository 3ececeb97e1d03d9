import type { TokenUsage } from "../../engine.js";

/** Content of one piece of a server's stream, independent of the API. */
export interface ReplyPart {
  text?: string;
  /** Reasoning before the answer, if the server sends it separately. */
  reasoning?: string;
  toolCalls?: readonly ToolCallPart[];
  usage?: TokenUsage;
  /** The server's finish reason. */
  finish?: string;
  /** Whether all text before this piece was reasoning. */
  retracts?: boolean;
  /** Whether this piece contains the whole reply, including earlier pieces. */
  isWhole?: boolean;
  /** Whether nothing follows. */
  isLast?: boolean;
  error?: unknown;
  /** Text that the server sent beside the reply. */
  words?: string;
  /** Value in place of model output that is neither text, reasoning nor a call. */
  unread?: unknown;
}

/** A tool call, or a piece of one. */
export interface ToolCallPart {
  /** Index of the call in the reply, if the server sends it. */
  index: number | null;
  id: string | null;
  name: string | null;
  /** A piece of JSON text, or the whole value. */
  arguments: unknown;
}

/** Whether this is a piece of the reply, not only a keep-alive. */
export function isProgress({ text, reasoning, toolCalls, finish }: ReplyPart): boolean {
  return Boolean(text) || Boolean(reasoning) || toolCalls !== undefined || finish !== undefined;
}

/** Whether this contains model output. */
export function saysSomething({ text, reasoning, toolCalls }: ReplyPart): boolean {
  return text !== undefined || reasoning !== undefined || toolCalls !== undefined;
}
