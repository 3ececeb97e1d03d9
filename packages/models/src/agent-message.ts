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
}

export interface AgentMessageInput {
  role: AgentRole;
  content: string;
  /** Default: now. */
  timestamp?: string | undefined;
}

export const agentMessageSource = whenFirstUsed(() =>
  z.strictObject({
    role: z.enum(["system", "user", "assistant", "tool"]),
    content: z.string(),
    timestamp: z._default(z.iso.datetime(), () => new Date().toISOString()),
  }),
);

export const AgentMessage: Schema<AgentMessageInput, AgentMessage> = defineSchema<AgentMessageInput, AgentMessage>(
  agentMessageSource,
);
