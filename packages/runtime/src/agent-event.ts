import type { AgentMessage, NanoAgentError } from "@nanoagent/models";
import type { ContextGrowthEvent, EndReason, PromptProgressEvent, TokenUsage, ToolCall } from "./engines/engine.js";
import type { MemoryPressureEvent } from "./memory/memory-report.js";
import type { ToolFailure } from "./tools/tool-outcome.js";

/** Why a step ended: the engine's reason, or `repetition` for a reply that was stopped because it repeated itself. */
export type StepEndReason = EndReason | "repetition";

/**
 * Events of a turn, in this order: one `run-start`; for each step any number of `text-delta`, `reasoning-delta`,
 * `text-retraction` and `tool-call`, the `tool-result` of each call, and a `step-end`; then one `run-end`. An `error`
 * can end the run at any point, instead of `run-end`. `memory-pressure`, `context-growth`, `prompt-progress` and, before
 * `run-end`, `window-overflow` can occur in between.
 */
export type AgentEvent =
  | { type: "run-start"; message: AgentMessage }
  | { type: "text-delta"; text: string }
  | { type: "reasoning-delta"; text: string }
  /** The text of this step so far was reasoning, not part of the reply. Remove what was displayed of it. */
  | { type: "text-retraction" }
  | {
      type: "tool-call";
      id: string;
      name: string;
      arguments: unknown;
      /** Set if the caller runs the tool, so that no result follows in this turn. */
      for_caller?: true;
    }
  | {
      type: "tool-result";
      id: string;
      name: string;
      content: string;
      is_error: boolean;
      /** Why the call failed. Absent if the tool ran to its end. */
      failure?: ToolFailure;
    }
  /**
   * A sentence of the reply claimed an act that did not happen, and was withheld. The engine is asked once more; if it
   * still calls no tool, the reply says that nothing was done.
   */
  | { type: "claim-withheld"; text: string }
  | { type: "step-end"; step: number; reason: StepEndReason; usage: TokenUsage | null }
  | MemoryPressureEvent
  | ContextGrowthEvent
  | PromptProgressEvent
  /** The oldest turns no longer fit the engine's context. `left_turns` counts the turns that were dropped from it. */
  | {
      type: "window-overflow";
      left_turns: number;
      /** Whether a summary replaced them. */
      summarized: boolean;
    }
  | {
      type: "run-end";
      reply: AgentMessage;
      reason: StepEndReason;
      usage: TokenUsage | null;
      /** Set if the reply only says that the agent, which answers by rules, did not understand the message. */
      not_understood?: true;
      /** Calls of the caller's tools, with the reason `tool-calls`. The next message should be their results. */
      calls?: readonly ToolCall[];
      /** Why the turn is not on disk, for a session that delivers replies even when it cannot save them. */
      not_saved?: NanoAgentError;
    }
  | {
      type: "error";
      error: NanoAgentError;
      /** The part of the reply that was shown. It is now part of the conversation. Absent if nothing is kept. */
      reply?: AgentMessage;
      /** Why that part is not on disk. */
      not_saved?: NanoAgentError;
    };

/** Passes an event to the reader of the turn. If it returns a promise, the turn continues when that resolves. */
export type EmitEvent = (event: AgentEvent) => void | Promise<void>;
