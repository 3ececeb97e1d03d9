import * as z from "zod/mini";
import { defineSchema } from "./define-schema.js";
import type { Schema } from "./schema.js";
import { whenFirstUsed } from "./when-first-used.js";

export type AgentRole = "system" | "user" | "assistant" | "tool";

/** One message of a conversation. */
export interface AgentMessage {
  role: AgentRole;
  content: string;
  /** ISO 8601, in UTC. */
  timestamp: string;
  /** Why a reply is not complete, or `stop`. Absent: nothing cut it off. */
  ended?: MessageEnd | undefined;
}

/**
 * The end of a reply: it was complete (`stop`), it reached a limit of its length or repeated itself (`length`), or it was
 * stopped while it was being written (`interrupted`).
 */
export type MessageEnd = "stop" | "length" | "interrupted";

export interface AgentMessageInput {
  role: AgentRole;
  content: string;
  /** Default: now. */
  timestamp?: string | undefined;
  ended?: MessageEnd | undefined;
}

export const agentMessageSource = whenFirstUsed(() =>
  z.strictObject({
    role: z.enum(["system", "user", "assistant", "tool"]),
    content: z.string(),
    timestamp: z._default(z.iso.datetime(), () => new Date().toISOString()),
    ended: z.optional(z.enum(["stop", "length", "interrupted"])),
  }),
);

export const AgentMessage: Schema<AgentMessageInput, AgentMessage> = defineSchema<AgentMessageInput, AgentMessage>(
  agentMessageSource,
);
