import type { ToolCall } from "../engines/engine.js";
import { toolResultText } from "./tool-result-text.js";

const MAX_NAME_CHARACTERS = 100;

/** Outcome of a tool call. */
export interface ToolOutcome {
  readonly outcome:
    | "done"
    | "unknown-tool"
    | "invalid-arguments"
    | "not-permitted"
    | "failed"
    | "timed-out"
    | "aborted";
  /** For the model: the result, or what went wrong. */
  readonly content: string;
  readonly isError: boolean;
  /** What the tool returned; undefined where it did not. */
  readonly value: unknown;
}

/** Makes the outcome of a call that did not succeed. */
export function failedOutcome(outcome: ToolOutcome["outcome"], content: string): ToolOutcome {
  return { outcome, content, isError: true, value: undefined };
}

/** Makes the outcome of a call to a tool that does not exist, or that the engine may not call. */
export function unknownTool({ name }: ToolCall): ToolOutcome {
  return failedOutcome(
    "unknown-tool",
    `There is no tool named ${JSON.stringify(toolResultText(name, MAX_NAME_CHARACTERS))}.`,
  );
}
