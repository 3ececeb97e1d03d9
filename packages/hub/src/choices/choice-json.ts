import type { FitPlan } from "@nanoagent/models";
import type { ModelChoice } from "./plan-choices.js";

/** A choice as programs read it. */
export interface ChoiceJson {
  file: string;
  quantization: string | null;
  download_bytes: number;
  fits: boolean;
  plan: FitPlan | null;
}

/** Returns a choice as plain data, without the header and the refusal. */
export function choiceJson({ file, quantization, downloadBytes, plan }: ModelChoice): ChoiceJson {
  return { file, quantization, download_bytes: downloadBytes, fits: plan !== null, plan };
}
