import type { ScenarioPart } from "@nanoagent/models";
import type { ObservedCall, Verdict } from "./judge-turn.js";
import type { Share } from "./wilson-interval.js";

/** Result of one turn. The keys are those of the JSON report. */
export interface TurnResult {
  readonly say: string;
  readonly verdict: Verdict;
  readonly why: string | null;
  /** Whether a call was expected. */
  readonly expects_call: boolean;
  readonly calls: readonly ObservedCall[];
  readonly reply: string;
  readonly error: string | null;
  /** From the message to the end of the turn, or null where it was not measured. */
  readonly milliseconds: number | null;
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
  /** Tokens evaluated to decide about a call, where the engine reports them. */
  readonly deciding_tokens: number | null;
}

/** One run of a scenario. */
export interface ScenarioResult {
  readonly file: string;
  readonly id: string;
  readonly groups: readonly string[];
  readonly language: string;
  readonly part: ScenarioPart | null;
  /** Number of the run, from 1. */
  readonly run: number;
  /** `right`, or the verdict of the first turn that was not right. */
  readonly verdict: Verdict;
  readonly turns: readonly TurnResult[];
}

/** The results of an engine or of the baseline. */
export interface EvalResult {
  readonly name: string;
  readonly results: readonly ScenarioResult[];
  /** Whether the run was stopped before all scenarios were finished. */
  readonly interrupted: boolean;
  /** Error message of an engine whose repeated failures ended the run, or null. */
  readonly failure: string | null;
}

export interface Quantiles {
  readonly median: number;
  readonly p95: number;
}

/** Statistics of a set of results. */
export interface EvalSummary {
  /** Share of scenarios that were right. */
  readonly right: Share;
  /** Number of scenarios by verdict. */
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** Share of messages with a missing call, of those that needed calls. */
  readonly missed: Share;
  /** Share of messages with a call, of those that needed none. */
  readonly needless: Share;
  /** Share of calls of an unknown tool or with invalid arguments. */
  readonly invalid_calls: Share;
  /** Turns that ended with an error. */
  readonly failed_turns: number;
  readonly milliseconds: Quantiles | null;
  readonly prompt_tokens: Quantiles | null;
  readonly completion_tokens: Quantiles | null;
  readonly deciding_tokens: Quantiles | null;
}
