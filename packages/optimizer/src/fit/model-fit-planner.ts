import type { FitPlan, FitPlanner, FitRequest } from "@nanoagent/models";
import { readGguf } from "../formats/gguf/read-gguf.js";
import { planHeader } from "./plan-header.js";

/**
 * Plans how to load GGUF models, from their headers and the known memory use of llama.cpp. Beyond the contract of
 * {@link FitPlanner}: if an `auto` context must be shorter than preferred, it is the largest multiple of 256 tokens
 * that fits. A file is mapped unless this CPU repacks its weights; then it is read, because a mapping would hold them
 * twice.
 */
export class ModelFitPlanner implements FitPlanner {
  async planFit(request: FitRequest): Promise<FitPlan> {
    return planHeader(await readGguf(request.model_path), request);
  }
}
