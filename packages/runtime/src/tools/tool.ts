import type { ToolPermission } from "@nanoagent/models";

/**
 * Something that an agent can do.
 *
 * - `run` gets arguments that satisfy `inputSchema`, in a copy of their own.
 * - What it returns is shown to the model as text, or as JSON, up to a number of characters.
 * - It may throw: the model is told the message, and the agent goes on.
 * - When `signal` aborts (its time is over, or the turn is), nobody waits for it any more; it should stop.
 * - The same `idempotencyKey` means the same act: after a crash it may come twice, and must not act twice.
 */
export interface Tool {
  /** A letter, then up to 63 letters, digits, _ and -. */
  readonly name: string;
  /** What it does, for the model. */
  readonly description: string;
  /** Name of the MCP server that offers it. Absent: it is the program's or the config's own. */
  readonly server?: string | undefined;
  /** JSON Schema of its arguments, an object. */
  readonly inputSchema: object;
  /** Whether it does more than look: then somebody is asked before, unless `permission` says otherwise. */
  readonly changesWorld: boolean;
  readonly permission: ToolPermission;
  /** How long it may run. */
  readonly timeoutMilliseconds: number;
  /**
   * Whether `run` takes an {@link ExactNumber} where a number of the arguments is none of this language's. Default: a whole
   * number that would be changed is refused, and any other one is the nearest.
   */
  readonly takesExactNumbers?: boolean | undefined;
  /**
   * Says what a call with checked arguments runs, before anybody is asked and without running it; throws for a call that
   * cannot be run. Absent: a function of the program.
   */
  readonly describeRun?: ((input: never) => WillRun) | undefined;
  /** What the schema cannot say: the checked arguments, or why they are not right. Absent: nothing. */
  readonly check?: (input: unknown) => CheckedInput | Promise<CheckedInput>;
  run(input: never, options: ToolRunOptions): unknown;
}

export type CheckedInput = { value: unknown } | { issues: readonly { message: string }[] };

/** What a call runs, as the program, the function or the server gets it. */
export type WillRun =
  | { readonly kind: "function" }
  | {
      readonly kind: "command";
      /** The program and its arguments, with all values and defaults filled in. */
      readonly command: readonly string[];
      readonly working_directory: string;
      /** Variables that the config sets. */
      readonly environment: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: "mcp";
      readonly server: string;
      /** The server's own name of the tool. */
      readonly tool: string;
      /** Address or command line of the server, as the config has it. */
      readonly url?: string;
      readonly command?: readonly string[];
    };

export interface ToolRunOptions {
  readonly signal: AbortSignal;
  readonly idempotencyKey: string;
  /** The most of what it returns that is shown; 8000 where nothing else is said. */
  readonly maxResultCharacters?: number | undefined;
}

export const DEFAULT_TOOL_TIMEOUT_MILLISECONDS = 30_000;
