import type { FitPlan } from "@nanoagent/models";
import { ENOUGH_CONTEXT_TOKENS } from "../load-settings.js";

/** The criterion that plans are ranked by first, and the minimums that a plan should reach. */
export interface PlanGoal {
  /** Default: `quality`. */
  for?: "context" | "speed" | "quality" | undefined;
  /** Exact context length in tokens. Default: 4,096 or as many as fit; as many as fit if `for` is `context`. */
  contextTokens?: number | undefined;
  /** Plans with fewer context tokens come last. Default: 4,096, or the trained context if that is shorter. */
  minContextTokens?: number | undefined;
  /** Plans that generate fewer tokens per second come last. Default: 5. */
  minTokensPerSecond?: number | undefined;
  /** Whether files may be quantized before they are loaded. Default: true. */
  mayQuantize?: boolean | undefined;
}

const MIN_TOKENS_PER_SECOND = 5;
/** Above this divergence replies break down. A smaller model with less quantization is better. */
const MAX_DIVERGENCE = 0.5;
/** Models whose sizes differ by less count as equally capable. */
const SAME_SIZE_FACTOR = 1.2;

/** Returns a sentence for each minimum of the goal that a plan misses. */
export function missedFloors(plan: FitPlan, goal: PlanGoal = {}): string[] {
  const missed: string[] = [];
  const context = goal.minContextTokens ?? minContextOf(plan);
  if (goal.contextTokens === undefined && plan.context_tokens < context) {
    missed.push(`context of ${plan.context_tokens} tokens is below ${context}`);
  }
  const rate = goal.minTokensPerSecond ?? MIN_TOKENS_PER_SECOND;
  const expected = plan.forecast?.decode_at_start.expected;
  if (expected !== undefined && expected < rate) {
    missed.push(`${expected.toFixed(1)} tokens per second is below ${rate}`);
  }
  return missed;
}

function minContextOf({ model }: FitPlan): number {
  return Math.min(ENOUGH_CONTEXT_TOKENS, model.training_context_tokens ?? ENOUGH_CONTEXT_TOKENS);
}

/** Compares two plans by a goal, the better one first. Plans that miss a minimum come last. */
export function comparePlans(one: FitPlan, other: FitPlan, goal: PlanGoal): number {
  const floors = missedFloors(one, goal).length - missedFloors(other, goal).length;
  if (floors !== 0) return floors;
  const context = longestOf(other) - longestOf(one);
  const speed = (other.forecast?.decode_at_start.expected ?? 0) - (one.forecast?.decode_at_start.expected ?? 0);
  const quality = compareQuality(one, other);
  const order = {
    context: [context, quality, speed],
    speed: [speed, quality, context],
    quality: [quality, speed, context],
  };
  return order[goal.for ?? "quality"].find((difference) => difference !== 0) ?? 0;
}

function longestOf({ context_tokens, longest_context_tokens = context_tokens }: FitPlan): number {
  return longest_context_tokens;
}

/** Usable models come before broken ones, large before small, and at equal size the one closest to its original. */
function compareQuality(one: FitPlan, other: FitPlan): number {
  const [broken, otherBroken] = [one, other].map((plan) => divergenceOf(plan) > MAX_DIVERGENCE);
  if (broken !== otherBroken) return broken ? 1 : -1;
  const [size, otherSize] = [one, other].map(({ model }) => model.parameter_count ?? 1);
  const ratio = (otherSize ?? 1) / (size ?? 1);
  if (ratio > SAME_SIZE_FACTOR || ratio < 1 / SAME_SIZE_FACTOR) return ratio > 1 ? 1 : -1;
  return divergenceOf(one) - divergenceOf(other);
}

function divergenceOf({ quality }: FitPlan): number {
  return quality?.expected_divergence ?? MAX_DIVERGENCE;
}
