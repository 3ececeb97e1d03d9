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
    type: z
      .enum(["string", "integer", "number", "boolean"])
      .check(z.meta({ description: "What kind of value it is." })),
    description: z.optional(z.string()).check(z.meta({ description: "What it means, for the model." })),
    enum: z
      .optional(z.array(z.union([z.string(), z.number()])).check(z.minLength(1)))
      .check(z.meta({ description: "The values it may have." })),
    minimum: z.optional(z.number()).check(z.meta({ description: "The least number." })),
    maximum: z.optional(z.number()).check(z.meta({ description: "The greatest number." })),
    max_length: z.optional(positiveInteger()).check(z.meta({ description: "The most characters of a string." })),
    default: z
      .optional(z.union([z.string(), z.number(), z.boolean()]))
      .check(z.meta({ description: "What it is when it is left out." })),
    optional: z.optional(z.boolean()).check(z.meta({ description: "Whether it may be left out." })),
  }),
);

export const commandToolSource = whenFirstUsed(() =>
  z.strictObject({
    name: text().check(z.meta({ description: "What intents, models and capabilities call it." })),
    description: text().check(z.meta({ description: "What it does, for the model." })),
    command: z
      .array(z.string())
      .check(
        z.minLength(1),
        z.meta({ description: "The program and its arguments, without a shell; {name} is an argument's value." }),
      ),
    arguments: z
      .optional(z.record(z.string(), argument()))
      .check(z.meta({ description: "What it is called with, by name." })),
    permission: z
      .optional(z.enum(["always", "ask", "never"]))
      .check(z.meta({ description: "Whether it runs when it is called, after somebody said yes, or never." })),
    changes_world: z.optional(z.boolean()).check(z.meta({ description: "Whether it does more than look." })),
    timeout_seconds: z.optional(positiveInteger()).check(z.meta({ description: "How long it may run." })),
    working_directory: z.optional(text()).check(z.meta({ description: "Folder it runs in, relative to this file." })),
    environment: z
      .optional(z.record(z.string(), z.string()))
      .check(z.meta({ description: "Environment variables it is given; it sees none of the agent's own." })),
    max_output_kb: z.optional(positiveInteger()).check(z.meta({ description: "The most of its output that is read." })),
    max_memory_mb: z.optional(positiveInteger()).check(
      z.meta({
        description:
          "Memory that it may take with all of its processes, in MB of 2^20 bytes. Default: what the agent's budget leaves.",
      }),
    ),
  }),
);
