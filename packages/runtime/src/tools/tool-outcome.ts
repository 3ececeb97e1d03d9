import type { ToolCall } from "../engines/engine.js";
import { toolResultText } from "./tool-result-text.js";

const MAX_NAME_CHARACTERS = 100;

/**
 * Why a tool call failed.
 *
 * - `not-permitted`: the config, a person or the app did not allow it.
 * - `failed`: the tool itself says so.
 * - `timed-out`, `aborted`, `interrupted`: it began, and nobody knows whether it acted. `interrupted`: its program was
 *   killed, or the connection to its server was lost. `aborted` is also a call that did not begin.
 */
export type ToolFailure =
  | "unknown-tool"
  | "invalid-arguments"
  | "not-permitted"
  | "failed"
  | "timed-out"
  | "aborted"
  | "interrupted";

/** Failures after which a tool may have acted all the same. */
export const uncertainFailures: readonly string[] = ["timed-out", "aborted", "interrupted"] satisfies ToolFailure[];

/** Outcome of a tool call. */
export interface ToolOutcome {
  readonly outcome: "done" | ToolFailure;
  /** The result for the model, or the error message. */
  readonly content: string;
  readonly isError: boolean;
  /** The tool's return value, or undefined without one. */
  readonly value: unknown;
}

/** Creates the outcome of a failed call. */
export function failedOutcome(outcome: ToolFailure, content: string): ToolOutcome {
  return { outcome, content, isError: true, value: undefined };
}

/** Returns the outcome for the event `tool-result`. */
export function failureOf({ outcome }: ToolOutcome): { failure?: ToolFailure } {
  return outcome === "done" ? {} : { failure: outcome };
}

/** Creates the outcome of a call of a tool that does not exist or that the engine may not call. */
export function unknownTool({ name }: ToolCall): ToolOutcome {
  return failedOutcome(
    "unknown-tool",
    `There is no tool named ${JSON.stringify(toolResultText(name, MAX_NAME_CHARACTERS))}.`,
  );
}
