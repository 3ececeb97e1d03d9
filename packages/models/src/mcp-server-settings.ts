import * as z from "zod/mini";
import { positiveInteger } from "./field-types.js";
import type { ToolPermission } from "./tool-settings.js";
import { whenFirstUsed } from "./when-first-used.js";

/** A server of the Model Context Protocol whose tools the agent may use. */
export type McpServerSettings = McpProgramSettings | McpAddressSettings;

interface McpCommonSettings {
  /** Of its tools. Default: `ask`. */
  permission?: ToolPermission | undefined;
  /** The tools that are taken, by the server's names for them: a list, or a map with settings. Default: all. */
  tools?: string[] | Record<string, McpToolSettings> | undefined;
  /** How long it may take to start and to list its tools. Default: 10. */
  start_timeout_seconds?: number | undefined;
  /** How long a call may take. Default: 30. */
  timeout_seconds?: number | undefined;
}

/** A server that the agent starts as a process of its own, without a shell, and speaks to by stdin and stdout. */
export interface McpProgramSettings extends McpCommonSettings {
  /** The program and its arguments. */
  command: string[];
  /** Relative to the config. Default: the config's folder. */
  working_directory?: string | undefined;
  /** All that it sees beside `PATH`, `LANG` and `HOME`. */
  environment?: Record<string, string> | undefined;
  /** Names of variables of the agent's own environment that it is given too, such as keys. */
  environment_from?: string[] | undefined;
  /** Memory that it may take with all of its processes, in MB of 2^20 bytes; what Node reserves for code does not count. Default: what the agent's budget leaves. */
  max_memory_mb?: number | undefined;
}

/** A server that is there already and is spoken to by HTTP. */
export interface McpAddressSettings extends McpCommonSettings {
  url: string;
  /** Whether it may be on another machine. Default: false. */
  allow_network?: boolean | undefined;
  /** Name of the environment variable that holds its key; never the key itself. */
  api_key_env?: string | undefined;
  /** The header that the key is sent in. Default: `Authorization`, as a bearer token. */
  api_key_header?: string | undefined;
}

export interface McpToolSettings {
  /** Default: the server's. */
  permission?: ToolPermission | undefined;
  /** Whether it does more than look. Default: true, whatever the server says. */
  changes_world?: boolean | undefined;
}

const text = () => z.string().check(z.minLength(1));
const permission = () => z.optional(z.enum(["always", "ask", "never"]));

const tool = () =>
  z.strictObject({
    permission: permission(),
    changes_world: z.optional(z.boolean()),
  });

const common = () => ({
  permission: permission(),
  tools: z.optional(z.union([z.array(text()), z.record(z.string(), tool())])),
  start_timeout_seconds: z.optional(positiveInteger()),
  timeout_seconds: z.optional(positiveInteger()),
});

const program = () =>
  z.strictObject({
    command: z.array(z.string()).check(z.minLength(1)),
    working_directory: z.optional(text()),
    environment: z.optional(z.record(z.string(), z.string())),
    environment_from: z.optional(z.array(text())),
    max_memory_mb: z.optional(positiveInteger()),
    ...common(),
  });

const address = () =>
  z.strictObject({
    url: text(),
    allow_network: z.optional(z.boolean()),
    api_key_env: z.optional(text()),
    api_key_header: z.optional(text()),
    ...common(),
  });

export const mcpServerSource = whenFirstUsed(() => z.union([program(), address()]));
