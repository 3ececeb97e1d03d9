import type { FitPlan } from "@nanoagent/models";
import { comparePlans, type PlanGoal } from "@nanoagent/optimizer";

/** A file with its plan, whether its header was read or computed. */
export interface PlannedChoice {
  /** Null if the file does not fit or cannot be planned. */
  plan: FitPlan | null;
  /** 0 if unknown. */
  downloadBytes: number;
}

/** Orders choices: those that fit first, ranked by the goal; then the others, smallest first. */
export function compareChoices(one: PlannedChoice, other: PlannedChoice, goal: PlanGoal = {}): number {
  const size = one.downloadBytes - other.downloadBytes;
  if (one.plan !== null && other.plan !== null) return comparePlans(one.plan, other.plan, goal) || size;
  return Number(one.plan === null) - Number(other.plan === null) || size;
}
