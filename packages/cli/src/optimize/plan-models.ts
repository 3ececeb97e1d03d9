import { type FitPlan, NanoAgentError } from "@nanoagent/models";
import { type PlanFacts, type PlanGoal, planFit } from "@nanoagent/optimizer";
import { UsageError } from "../errors/usage-error.js";
import type { FoundModels } from "./find-models.js";
import type { PlanningDevice } from "./planning-device.js";

interface PlanModelsOptions {
  /** The model as it was named. */
  model: string;
  facts: PlanFacts;
  measurement: PlanningDevice["measurement"];
  goal: PlanGoal;
}

/** Plans every model with a readable header, best first. Returns the reason if none has a plan. */
export function planModels(
  { headers }: Pick<FoundModels, "headers">,
  { model, facts, measurement, goal }: PlanModelsOptions,
): { plans: FitPlan[]; refusal: NanoAgentError | null } {
  if (headers.length === 0) {
    const message = `${model} is not a GGUF file. Plans can only be made for GGUF models.`;
    const hint = "llama.cpp's convert_hf_to_gguf.py converts other models to GGUF.";
    return { plans: [], refusal: new UsageError({ message, hint }) };
  }
  try {
    return { plans: planFit({ ...facts, models: headers, goal, measurement }), refusal: null };
  } catch (error) {
    if (!NanoAgentError.isInstance(error)) throw error;
    return { plans: [], refusal: error };
  }
}
