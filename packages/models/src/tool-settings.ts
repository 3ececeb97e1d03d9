import * as z from "zod/mini";
import { positiveInteger } from "./field-types.js";
import { whenFirstUsed } from "./when-first-used.js";

/** Whether a tool runs when it is called: always, when somebody says yes, or never. */
export type ToolPermission = "always" | "ask" | "never";

/** A command that the agent may run. It is started without a shell. */
export interface CommandToolSettings {
  name: string;
  description: string;
  /** The program and its arguments; `{name}` is an argument's value, and always stays one argument. */
  command: string[];
  /** What the command is called with, by name. Default: nothing. */
  arguments?: Record<string, CommandArgument> | undefined;
  /** Default: `always` for one that changes nothing, else `ask`. */
  permission?: ToolPermission | undefined;
  /** Whether it does more than look. Default: true. */
  changes_world?: boolean | undefined;
  /** Default: 30. */
  timeout_seconds?: number | undefined;
  /** Relative to the config. Default: the config's folder. */
  working_directory?: string | undefined;
  /** All that the command sees beside `PATH`, `LANG` and `HOME`. */
  environment?: Record<string, string> | undefined;
  /** The most of its output that is read, in KB of 2^10 bytes; more is cut off. Default: 64. */
  max_output_kb?: number | undefined;
  /** Memory that it may take with all of its processes, in MB of 2^20 bytes; what Node reserves for code does not count. Default: what the agent's budget leaves. */
  max_memory_mb?: number | undefined;
}

/** One argument of a command. */
export interface CommandArgument {
  type: "string" | "integer" | "number" | "boolean";
  description?: string | undefined;
  /** The values it may have. Default: any of its type. */
  enum?: (string | number)[] | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
  /** In characters. Default: 1000. */
  max_length?: number | undefined;
  /** What it is when it is left out. */
  default?: string | number | boolean | undefined;
  /** Whether it may be left out; what names it is then left out of the command. Default: false. */
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
    timeout_seconds: z.optional(positiveInteger()),
    working_directory: z.optional(text()),
    environment: z.optional(z.record(z.string(), z.string())),
    max_output_kb: z.optional(positiveInteger()),
    max_memory_mb: z.optional(positiveInteger()),
  }),
);
