import type { DeviceMeasurement, FitPlan } from "@nanoagent/models";
import type { GgufHeader } from "../formats/gguf/gguf-header.js";
import { expectedDivergence } from "../quality/expected-divergence.js";
import { forecastFrom } from "../speed/forecast-from.js";
import { modelWork } from "../speed/model-work.js";
import type { Misfit } from "./fit-header.js";
import { InvalidFitRequestError } from "./invalid-fit-request-error.js";
import { type ModelVariant, modelVariants } from "./model-variants.js";
import { fitRequest, type PlanFacts } from "./plan-facts.js";
import { comparePlans, type PlanGoal } from "./plan-goal.js";
import { planOrMisfit } from "./plan-header.js";

export interface PlanFitOptions extends PlanFacts {
  /** Headers of the files to choose from: several models, or one model in several quantizations. */
  models: readonly GgufHeader[];
  goal?: PlanGoal | undefined;
  /** Measurement of the device. Without one, forecasts follow from the kind of device alone. */
  measurement?: DeviceMeasurement | null | undefined;
}

/**
 * Returns the ways to run one of several models within a budget, the best first by the goal: one for each file, and one for
 * each type that a file could be quantized to. Plans that miss a minimum come last; `missedFloors` names it. Throws
 * `DoesNotFitError` with the cheapest changes if nothing fits: those of the model that is closest to fitting.
 */
export function planFit(options: PlanFitOptions): FitPlan[] {
  const { models, device, cpuFeatures, measurement = null, goal = {} } = options;
  if (models.length === 0) throw new InvalidFitRequestError("models", "[]", "at least one model");
  const forecast = forecastFrom(measurement?.calibrations ?? [], { device, cpuFeatures, measurement });
  const plans: FitPlan[] = [];
  let nearest: Misfit | null = null;
  for (const model of models) {
    for (const variant of modelVariants(model, models, goal.mayQuantize ?? true)) {
      const { header, quantizeTo } = variant;
      const result = planVariant(variant, options);
      if ("refuse" in result) {
        // A quantized variant is already among the changes that the refusal of the file itself names.
        if (quantizeTo === null && (nearest === null || result.excessBytes < nearest.excessBytes)) nearest = result;
        continue;
      }
      const { forecast: speed } = forecast({
        model: header.name ?? header.path,
        work: modelWork(header),
        contextTokens: result.context_tokens,
        threads: { prefillThreads: result.prefill_threads, decodeThreads: result.decode_threads },
      });
      plans.push({ ...result, forecast: speed, quantize_to: quantizeTo, quality: expectedDivergence(header) });
    }
  }
  if (plans.length === 0 && nearest !== null) throw nearest.refuse();
  return plans.sort((one, other) => comparePlans(one, other, goal));
}

/** Plans one variant: the first way of loading it that has enough context for the goal, else the one with the longest. */
function planVariant({ header }: ModelVariant, options: PlanFitOptions) {
  const { goal = {} } = options;
  const request = fitRequest(header.path, options, { contextTokens: goal.contextTokens });
  const enough = goal.for === "context" ? Number.POSITIVE_INFINITY : (goal.contextTokens ?? goal.minContextTokens);
  return planOrMisfit(header, request, enough);
}
