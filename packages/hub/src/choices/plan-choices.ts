import { type DeviceMeasurement, type FitPlan, NanoAgentError } from "@nanoagent/models";
import { type GgufHeader, InvalidFitRequestError, type PlanFacts, type PlanGoal, planFit } from "@nanoagent/optimizer";
import type { RemoteHeader } from "../headers/read-remote-headers.js";
import type { RemoteModel } from "../sources/remote-model.js";
import { compareChoices, type PlannedChoice } from "./compare-choices.js";

/** A model of a repository with its plan for a device. */
export interface ModelChoice extends PlannedChoice {
  model: RemoteModel;
  /** Path of its first file at the source. */
  file: string;
  quantization: string | null;
  /** Size of all its files; 0 if unknown. */
  downloadBytes: number;
  /** Null if it could not be read. */
  header: GgufHeader | null;
  /** Null if the model does not fit or cannot be used. */
  plan: FitPlan | null;
  /** Reason for a missing plan: `DoesNotFitError`, `InvalidModelFileError`, or the error of a request. */
  refusal: NanoAgentError | null;
}

export interface PlanChoicesOptions {
  facts: PlanFacts;
  /** Default: null, for forecasts that depend only on the kind of device. */
  measurement?: DeviceMeasurement | null | undefined;
  goal?: PlanGoal | undefined;
}

/**
 * Plans every model on its own, as `planFit` does for the file after the download. Models that fit come first, ranked by
 * the goal; then the others, smallest first.
 */
export function planChoices(headers: readonly RemoteHeader[], options: PlanChoicesOptions): ModelChoice[] {
  const { goal = {} } = options;
  return headers.map((header) => planChoice(header, options)).sort((one, other) => compareChoices(one, other, goal));
}

function planChoice(
  { model, header, problem }: RemoteHeader,
  { facts, measurement, goal }: PlanChoicesOptions,
): ModelChoice {
  const stated = model.files.reduce<number | null>(
    (sum, { bytes }) => (sum === null || bytes === null ? null : sum + bytes),
    0,
  );
  const choice = {
    model,
    file: model.files[0].path,
    quantization: model.quantization,
    downloadBytes: stated ?? header?.file_bytes ?? 0,
    header,
  };
  if (header === null) return { ...choice, plan: null, refusal: problem };
  try {
    const [plan = null] = planFit({ ...facts, models: [header], goal: { ...goal, mayQuantize: false }, measurement });
    return { ...choice, plan, refusal: null };
  } catch (error) {
    // A request with invalid values is a mistake of the caller, the same for all models.
    if (!NanoAgentError.isInstance(error) || error instanceof InvalidFitRequestError) throw error;
    return { ...choice, plan: null, refusal: error };
  }
}
