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
  /** How a reply ended. Absent: complete. */
  ended?: MessageEnd | undefined;
}

/**
 * How a reply ended. `stop`: complete. `length`: cut off at its limit, or because it repeated itself. `interrupted`:
 * stopped while it was being written.
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
