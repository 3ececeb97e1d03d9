import type { TokenUsage } from "../../engine.js";

/** What one piece of a server's stream says, whatever its API calls it. */
export interface ReplyPart {
  text?: string;
  /** What the model thinks before it answers, where the server tells it apart. */
  reasoning?: string;
  toolCalls?: readonly ToolCallPart[];
  usage?: TokenUsage;
  /** Why the reply is complete, in the server's word. */
  finish?: string;
  /** Whether this is all of the reply, what came before included. */
  isWhole?: boolean;
  /** Nothing comes after this. */
  isLast?: boolean;
  error?: unknown;
  /** What the server says beside the reply. */
  words?: string;
  /** Something in the place of what the model wrote that is no text, no thought and no call. */
  unread?: unknown;
}

/** A tool call, or a piece of one. */
export interface ToolCallPart {
  /** Which call of the reply this belongs to, where the server says so. */
  index: number | null;
  id: string | null;
  name: string | null;
  /** A piece of JSON text, or the value as a whole. */
  arguments: unknown;
}

/** Whether this is a piece of the reply, and not only a sign of life. */
export function isProgress({ text, reasoning, toolCalls, finish }: ReplyPart): boolean {
  return Boolean(text) || Boolean(reasoning) || toolCalls !== undefined || finish !== undefined;
}

/** Whether this holds some of what the model wrote. */
export function saysSomething({ text, reasoning, toolCalls }: ReplyPart): boolean {
  return text !== undefined || reasoning !== undefined || toolCalls !== undefined;
}
