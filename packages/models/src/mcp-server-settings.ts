import * as z from "zod/mini";
import { positiveInteger } from "./field-types.js";
import type { ToolPermission } from "./tool-settings.js";
import { whenFirstUsed } from "./when-first-used.js";

/** MCP server whose tools the agent may use. */
export type McpServerSettings = McpProgramSettings | McpAddressSettings;

interface McpCommonSettings {
  /** Permission for its tools. Default: `ask`. */
  permission?: ToolPermission | undefined;
  /** Tools to use, by the server's names: a list, or a map with settings. Default: all. */
  tools?: string[] | Record<string, McpToolSettings> | undefined;
  /** Time limit for the server to start and list its tools. Default: 10. */
  start_timeout_seconds?: number | undefined;
  /** Time limit for a call. Default: 30. */
  timeout_seconds?: number | undefined;
}

/** Server that the agent starts as a process, without a shell. They communicate over stdin and stdout. */
export interface McpProgramSettings extends McpCommonSettings {
  /** Program and its arguments. */
  command: string[];
  /** Relative to the config. Default: the config's folder. */
  working_directory?: string | undefined;
  /** Environment variables, besides `PATH`, `HOME`, locale, proxy and certificate settings. */
  environment?: Record<string, string> | undefined;
  /** Names of variables to pass on from the agent's environment, such as keys. */
  environment_from?: string[] | undefined;
  /**
   * Memory limit for the process and its children, in MB (2^20 bytes), without the memory that Node reserves for code.
   * Default: what the agent's budget leaves.
   */
  max_memory_mb?: number | undefined;
}

/** Server that is already running, over HTTP. */
export interface McpAddressSettings extends McpCommonSettings {
  url: string;
  /** Whether the server may be on another machine. Default: false. */
  allow_network?: boolean | undefined;
  /** Name of the environment variable that holds the server's key; never the key itself. */
  api_key_env?: string | undefined;
  /** Header for the key. Default: `Authorization`, with the key as a bearer token. */
  api_key_header?: string | undefined;
}

export interface McpToolSettings {
  /** Default: the server's permission. */
  permission?: ToolPermission | undefined;
  /** Whether a call changes something. Default: true; the server's own hint is not trusted. */
  changes_world?: boolean | undefined;
  /** Whether a second call with the same key does nothing more than the first. Default: the server's own hint. */
  idempotent?: boolean | undefined;
}

const text = () => z.string().check(z.minLength(1));
const permission = () => z.optional(z.enum(["always", "ask", "never"]));

const tool = () =>
  z.strictObject({
    permission: permission(),
    changes_world: z.optional(z.boolean()),
    idempotent: z.optional(z.boolean()),
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
