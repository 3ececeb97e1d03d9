import type { ScenarioPart } from "@nanoagent/models";
import type { ObservedCall, Verdict } from "./judge-turn.js";
import type { Share } from "./wilson-interval.js";

/** One turn that was run. Keys are those of the JSON report. */
export interface TurnResult {
  readonly say: string;
  readonly verdict: Verdict;
  readonly why: string | null;
  /** Whether a call was expected. */
  readonly expects_call: boolean;
  readonly calls: readonly ObservedCall[];
  readonly reply: string;
  readonly error: string | null;
  /** From the message to the end of the turn; null for what was not measured. */
  readonly milliseconds: number | null;
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
  /** Tokens that were evaluated to decide about a call, where the engine tells it. */
  readonly deciding_tokens: number | null;
}

/** One run of a scenario. */
export interface ScenarioResult {
  readonly file: string;
  readonly id: string;
  readonly groups: readonly string[];
  readonly language: string;
  readonly part: ScenarioPart | null;
  /** From 1. */
  readonly run: number;
  /** `right`, or the verdict of the first turn that was not. */
  readonly verdict: Verdict;
  readonly turns: readonly TurnResult[];
}

/** What an engine, or the baseline, did with the scenarios. */
export interface EvalResult {
  readonly name: string;
  readonly results: readonly ScenarioResult[];
  /** Whether it was stopped before all scenarios had run. */
  readonly interrupted: boolean;
  /** Message of the error of an engine that went on failing, which ended the run; or null. */
  readonly failure: string | null;
}

export interface Quantiles {
  readonly median: number;
  readonly p95: number;
}

/** Figures of some results. */
export interface EvalSummary {
  /** Scenarios that were right, of all. */
  readonly right: Share;
  /** Scenarios by their verdict. */
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** Messages that needed a call and got none, or not all. */
  readonly missed: Share;
  /** Messages that needed no call and got one. */
  readonly needless: Share;
  /** Calls of no tool, or with arguments that break its schema. */
  readonly invalid_calls: Share;
  /** Turns that ended with an error. */
  readonly failed_turns: number;
  readonly milliseconds: Quantiles | null;
  readonly prompt_tokens: Quantiles | null;
  readonly completion_tokens: Quantiles | null;
  readonly deciding_tokens: Quantiles | null;
}
