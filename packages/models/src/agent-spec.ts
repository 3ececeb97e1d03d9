import * as z from "zod/mini";
import { defineSchema } from "./define-schema.js";
import { positiveInteger } from "./field-types.js";
import type { Schema } from "./schema.js";
import { whenFirstUsed } from "./when-first-used.js";

/** Name, capabilities and memory limits of an agent. */
export interface AgentSpec {
  /** Name of the agent; never empty. */
  name: string;
  version: string;
  /** Names of skills, tools and MCP servers that the model may use. */
  capabilities: string[];
  /** Memory limit for the agent, its model and its tools, in MB (2^20 bytes). */
  max_memory_mb: number;
  /** Size limit for the model file, in MB (2^20 bytes). */
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
    // A function, so that agents do not share one list.
    capabilities: z._default(z.array(z.string()), () => []),
    max_memory_mb: z._default(positiveInteger(), 256),
    max_model_size_mb: z._default(positiveInteger(), 100),
  }),
);

export const AgentSpec: Schema<AgentSpecInput, AgentSpec> = defineSchema<AgentSpecInput, AgentSpec>(agentSpecSource);
