import type { FitPlan } from "@nanoagent/models";
import { missedFloors, type PlanGoal } from "@nanoagent/optimizer";
import type { PlannedChoice } from "./compare-choices.js";
import type { ModelChoice } from "./plan-choices.js";

/** Expected divergence that is hardly noticeable, in nats. */
const UNNOTICED_DIVERGENCE = 0.05;

/** A choice that fits. */
export type Fitting<Choice extends PlannedChoice> = Choice & { plan: FitPlan };
export type FittingChoice = Fitting<ModelChoice>;

/**
 * Returns the choice to recommend from ranked choices; null if nothing fits. Downloads and recommendations both use it.
 *
 * Among those that miss the fewest minimums of the goal and diverge by at most 0.05 from the original, which is hardly
 * noticeable, it is the fastest, and of equally fast ones the smallest download. An unknown divergence counts as larger.
 * Without such a choice, it is the first of the ranking.
 */
export function bestChoice<Choice extends PlannedChoice>(
  choices: readonly Choice[],
  goal: PlanGoal = {},
): Fitting<Choice> | null {
  const fitting = choices.filter(fits).map((choice) => ({ choice, missed: missedFloors(choice.plan, goal).length }));
  const fewest = Math.min(...fitting.map(({ missed }) => missed));
  const candidates = fitting.filter(({ missed }) => missed === fewest).map(({ choice }) => choice);
  const [best] = candidates
    .filter(({ plan }) => divergenceOf(plan) <= UNNOTICED_DIVERGENCE)
    .sort((one, other) => speedOf(other.plan) - speedOf(one.plan) || one.downloadBytes - other.downloadBytes);
  return best ?? candidates[0] ?? null;
}

/**
 * Returns the choice to recommend instead of one that was refused: the largest download that is smaller and fits, if
 * possible without missing a minimum of the goal. Returns null if no smaller download fits.
 */
export function nextSmaller(
  choices: readonly ModelChoice[],
  refused: ModelChoice,
  goal: PlanGoal = {},
): FittingChoice | null {
  const smaller = choices
    .filter(fits)
    .filter(({ downloadBytes }) => downloadBytes < refused.downloadBytes)
    .sort((one, other) => other.downloadBytes - one.downloadBytes);
  return smaller.find(({ plan }) => missedFloors(plan, goal).length === 0) ?? smaller[0] ?? null;
}

function fits<Choice extends PlannedChoice>(choice: Choice): choice is Fitting<Choice> {
  return choice.plan !== null;
}

function divergenceOf({ quality }: FitPlan): number {
  return quality?.expected_divergence ?? Number.POSITIVE_INFINITY;
}

function speedOf({ forecast }: FitPlan): number {
  return forecast?.decode_at_start.expected ?? 0;
}
