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
  /** Headers of the candidate files: several models, or one model in several quantizations. */
  models: readonly GgufHeader[];
  goal?: PlanGoal | undefined;
  /** Measurement of the device. Without one, forecasts depend only on the kind of device. */
  measurement?: DeviceMeasurement | null | undefined;
}

/**
 * Plans the given models within a budget and ranks the plans by the goal, best first: one plan for each file, and one
 * for each type that a file could be quantized to. Plans that miss a minimum of the goal come last; `missedFloors`
 * names the minimum. Throws `DoesNotFitError` if nothing fits, with the cheapest changes for the model that is closest
 * to fitting.
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
        // The error for the original file already lists its quantized variants as changes.
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

/** Plans one variant: the first loading with enough context for the goal, or else the one with the longest context. */
function planVariant({ header }: ModelVariant, options: PlanFitOptions) {
  const { goal = {} } = options;
  const request = fitRequest(header.path, options, { contextTokens: goal.contextTokens });
  const enough = goal.for === "context" ? Number.POSITIVE_INFINITY : (goal.contextTokens ?? goal.minContextTokens);
  return planOrMisfit(header, request, enough);
}
