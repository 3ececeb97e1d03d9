import * as z from "zod/mini";
import { positiveInteger } from "./field-types.js";
import { whenFirstUsed } from "./when-first-used.js";

/** Whether a tool runs when it is called: always, after somebody agrees, or never. */
export type ToolPermission = "always" | "ask" | "never";

/** Command that the agent may run, without a shell. */
export interface CommandToolSettings {
  name: string;
  description: string;
  /** Program and its arguments. `{name}` is the value of an argument, and always stays within one argument. */
  command: string[];
  /** Arguments of the command, by name. Default: none. */
  arguments?: Record<string, CommandArgument> | undefined;
  /** Default: `ask`, or `always` with `changes_world: false`. */
  permission?: ToolPermission | undefined;
  /** Whether a call changes something. Default: true. */
  changes_world?: boolean | undefined;
  /** Whether a second run with the same NANOAGENT_IDEMPOTENCY_KEY does nothing more than the first. Default: false. */
  idempotent?: boolean | undefined;
  /** Default: 30. */
  timeout_seconds?: number | undefined;
  /** Relative to the config. Default: the config's folder. */
  working_directory?: string | undefined;
  /** Environment variables, besides `PATH`, `HOME`, locale, proxy and certificate settings. */
  environment?: Record<string, string> | undefined;
  /** Limit for the output, in KB (2^10 bytes); more is cut off. Default: 64. */
  max_output_kb?: number | undefined;
  /**
   * Memory limit for the process and its children, in MB (2^20 bytes), without the memory that Node reserves for code.
   * Default: what the agent's budget leaves.
   */
  max_memory_mb?: number | undefined;
}

/** Argument of a command. */
export interface CommandArgument {
  type: "string" | "integer" | "number" | "boolean";
  description?: string | undefined;
  /** Allowed values. Default: every value of the type. */
  enum?: (string | number)[] | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
  /** Longest string, in characters. Default: 1000. */
  max_length?: number | undefined;
  /** Value when the caller leaves the argument out. */
  default?: string | number | boolean | undefined;
  /** Whether the caller may leave the argument out, with the parts of the command that contain it. Default: false. */
  optional?: boolean | undefined;
}

const text = () => z.string().check(z.minLength(1));

const argument = whenFirstUsed(() =>
  z.strictObject({
    type: z.enum(["string", "integer", "number", "boolean"]),
    description: z.optional(z.string()),
    enum: z.optional(z.array(z.union([z.string(), z.number()])).check(z.minLength(1))),
    minimum: z.optional(z.number()),
    maximum: z.optional(z.number()),
    max_length: z.optional(positiveInteger()),
    default: z.optional(z.union([z.string(), z.number(), z.boolean()])),
    optional: z.optional(z.boolean()),
  }),
);

export const commandToolSource = whenFirstUsed(() =>
  z.strictObject({
    name: text(),
    description: text(),
    command: z.array(z.string()).check(z.minLength(1)),
    arguments: z.optional(z.record(z.string(), argument())),
    permission: z.optional(z.enum(["always", "ask", "never"])),
    changes_world: z.optional(z.boolean()),
    idempotent: z.optional(z.boolean()),
    timeout_seconds: z.optional(positiveInteger()),
    working_directory: z.optional(text()),
    environment: z.optional(z.record(z.string(), z.string())),
    max_output_kb: z.optional(positiveInteger()),
    max_memory_mb: z.optional(positiveInteger()),
  }),
);
