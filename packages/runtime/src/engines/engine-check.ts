import type { FitPlan } from "@nanoagent/models";

/** An issue of a config that keeps its engine from opening, or a warning about it. */
export interface EngineIssue {
  severity: "error" | "warning";
  /** Keys of the config that lead to it. */
  path: readonly string[];
  code: string;
  message: string;
  reason?: string | null | undefined;
  hint?: string | null | undefined;
}

/** Result of checking a config's engine without opening it. */
export interface EngineCheck {
  /** The engine in a few words, for people. */
  summary: string;
  issues: EngineIssue[];
  /** How the model would be loaded, and within how many bytes; null without a model, or where it cannot be loaded. */
  model: { plan: FitPlan; budgetBytes: number } | null;
}
