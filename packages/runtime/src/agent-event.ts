import type { AgentMessage, NanoAgentError } from "@nanoagent/models";
import type { ContextGrowthEvent, EndReason, PromptProgressEvent, TokenUsage } from "./engines/engine.js";
import type { MemoryPressureEvent } from "./memory/memory-report.js";

/** The end of a step: the engine's reason, or `repetition` where the reply went on to repeat itself and was stopped. */
export type StepEndReason = EndReason | "repetition";

/**
 * What happens while a message is answered, in this order: one `run-start`; for each step any number of `text-delta`,
 * `reasoning-delta`, `text-retraction` and `tool-call`, the `tool-result` of each call, and a `step-end`; then one `run-end`. An `error` ends the run at any
 * point, in place of `run-end`. `memory-pressure`, `context-growth`, `prompt-progress` and, before `run-end`, `window-overflow` may come in between.
 */
export type AgentEvent =
  | { type: "run-start"; message: AgentMessage }
  | { type: "text-delta"; text: string }
  | { type: "reasoning-delta"; text: string }
  /** The text of this step so far was a thought, and is no part of the reply: what was shown of it is to be taken back. */
  | { type: "text-retraction" }
  | { type: "tool-call"; id: string; name: string; arguments: unknown }
  | { type: "tool-result"; id: string; name: string; content: string; is_error: boolean }
  /**
   * A sentence of the reply said that something was done when nothing was, and is not shown. The engine is asked once
   * more; if it still calls no tool, the user is told that nothing was done.
   */
  | { type: "claim-withheld"; text: string }
  | { type: "step-end"; step: number; reason: StepEndReason; usage: TokenUsage | null }
  | MemoryPressureEvent
  | ContextGrowthEvent
  | PromptProgressEvent
  /** The oldest turns no longer fit the engine's context: so many were shown to it no more. */
  | {
      type: "window-overflow";
      left_turns: number;
      /** Whether a summary stood in for them. */
      summarized: boolean;
    }
  | {
      type: "run-end";
      reply: AgentMessage;
      reason: StepEndReason;
      usage: TokenUsage | null;
      /** Why the turn is not on disk, where the session is one that delivers what it cannot save. */
      not_saved?: NanoAgentError;
    }
  | {
      type: "error";
      error: NanoAgentError;
      /** The reply as far as it was shown, which is part of the conversation now; absent where nothing is kept. */
      reply?: AgentMessage;
      /** Why the part that was shown is not on disk. */
      not_saved?: NanoAgentError;
    };

/** Tells an event to whoever reads the turn. Where it returns a promise, the turn goes on when that resolves. */
export type EmitEvent = (event: AgentEvent) => void | Promise<void>;
