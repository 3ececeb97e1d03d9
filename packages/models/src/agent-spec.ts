import * as z from "zod/mini";
import { defineSchema } from "./define-schema.js";
import { positiveInteger } from "./field-types.js";
import type { Schema } from "./schema.js";
import { whenFirstUsed } from "./when-first-used.js";

/** What an agent is called, what it can do, and how much memory it may take. */
export interface AgentSpec {
  /** Human-readable name of the agent; never empty. */
  name: string;
  version: string;
  /** Tags that switch on skills and tools of the same name. */
  capabilities: string[];
  /** The most memory the agent may add to the device, in units of 2^20 bytes. */
  max_memory_mb: number;
  /** The largest model file that it may load, in units of 2^20 bytes. */
  max_model_size_mb: number;
}

export interface AgentSpecInput {
  name: string;
  version?: string | undefined;
  capabilities?: string[] | undefined;
  max_memory_mb?: number | undefined;
  max_model_size_mb?: number | undefined;
}

export const agentSpecSource = whenFirstUsed(() =>
  z.strictObject({
    name: z.string().check(z.minLength(1)),
    version: z._default(z.string(), "0.1.0"),
    // A function, so that each agent has a list of its own.
    capabilities: z._default(z.array(z.string()), () => []),
    max_memory_mb: z._default(positiveInteger(), 256),
    max_model_size_mb: z._default(positiveInteger(), 100),
  }),
);

export const AgentSpec: Schema<AgentSpecInput, AgentSpec> = defineSchema<AgentSpecInput, AgentSpec>(agentSpecSource);
