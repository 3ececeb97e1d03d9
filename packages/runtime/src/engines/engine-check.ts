import type { FitPlan } from "@nanoagent/models";

/** A problem in a config that prevents its engine from opening, or a warning about it. */
export interface EngineIssue {
  severity: "error" | "warning";
  /** Config key that causes the issue, as a path. */
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
  /** Plan for loading the model, and the budget in bytes. Null without a model, or if the model cannot be loaded. */
  model: { plan: FitPlan; budgetBytes: number } | null;
}
