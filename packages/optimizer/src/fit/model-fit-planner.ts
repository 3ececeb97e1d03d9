import type { FitPlan, FitPlanner, FitRequest } from "@nanoagent/models";
import { readGguf } from "../formats/gguf/read-gguf.js";
import { planHeader } from "./plan-header.js";

/**
 * Plans how to load GGUF models, from their headers and what llama.cpp is known to take. Beside what {@link FitPlanner}
 * promises: where fewer tokens fit than `auto` wants, it is the largest multiple of 256 that does. A file is mapped unless this CPU reorders its weights; then it is read, since a mapping would hold them twice.
 */
export class ModelFitPlanner implements FitPlanner {
  async planFit(request: FitRequest): Promise<FitPlan> {
    return planHeader(await readGguf(request.model_path), request);
  }
}
