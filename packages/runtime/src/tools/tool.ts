import type { ToolPermission } from "@nanoagent/models";

/**
 * A tool that an agent can call.
 *
 * - `run` gets its own copy of arguments that satisfy `inputSchema`.
 * - Its return value is shown to the model as text or JSON, up to a limit of characters.
 * - It may throw: the model sees the message, and the agent continues.
 * - When `signal` aborts (on a timeout or at the end of the turn), the call is abandoned and `run` should stop.
 * - The same `idempotencyKey` means the same act: after a crash a call may come twice and must not act twice.
 */
export interface Tool {
  /** A letter, then up to 63 letters, digits, _ and -. */
  readonly name: string;
  /** Description for the model. */
  readonly description: string;
  /** Name of the MCP server that provides it. Absent for a tool of the program or the config. */
  readonly server?: string | undefined;
  /** JSON Schema of the arguments, which are an object. */
  readonly inputSchema: object;
  /** Whether the tool does more than read. Then the user is asked first, unless `permission` says otherwise. */
  readonly changesWorld: boolean;
  /**
   * Whether a second run with the same `idempotencyKey` does nothing more than the first. A trigger then runs the tool
   * again after a power cut; otherwise nobody knows whether it had acted. Default: false.
   */
  readonly idempotent?: boolean | undefined;
  readonly permission: ToolPermission;
  /** Timeout in milliseconds. */
  readonly timeoutMilliseconds: number;
  /**
   * Whether `run` accepts an `ExactNumber` for a number that JavaScript would change. Default: such an integer is
   * rejected, and any other number is rounded.
   */
  readonly takesExactNumbers?: boolean | undefined;
  /**
   * Describes what a call with checked arguments would run, before the user is asked and without running it. Throws for
   * a call that cannot run. Absent for a function of the program.
   */
  readonly describeRun?: ((input: never) => WillRun) | undefined;
  /** Additional check beyond the schema. Returns the checked arguments or the issues. */
  readonly check?: (input: unknown) => CheckedInput | Promise<CheckedInput>;
  run(input: never, options: ToolRunOptions): unknown;
}

export type CheckedInput = { value: unknown } | { issues: readonly { message: string }[] };

/** Everything that a call runs, exactly as the program, function or server receives it. */
export type WillRun =
  | { readonly kind: "function" }
  | {
      readonly kind: "command";
      /** The program and its arguments with all values and defaults. */
      readonly command: readonly string[];
      readonly working_directory: string;
      /** Variables set by the config. */
      readonly environment: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: "mcp";
      readonly server: string;
      /** Name of the tool on the server. */
      readonly tool: string;
      /** Address or command line of the server, as in the config. */
      readonly url?: string;
      readonly command?: readonly string[];
    };

export interface ToolRunOptions {
  readonly signal: AbortSignal;
  readonly idempotencyKey: string;
  /** Name of the trigger that began this act. Absent for the acts of people and programs. */
  readonly trigger?: string | undefined;
  /** Most characters of the result that are shown. Default: 8000. */
  readonly maxResultCharacters?: number | undefined;
}

export const DEFAULT_TOOL_TIMEOUT_MILLISECONDS = 30_000;
