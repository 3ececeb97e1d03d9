import type { ModelSummary } from "@nanoagent/models";
import { readModelHeader } from "./read-model-header.js";

/**
 * Reads the header of a model file, whichever format it is in: GGUF, safetensors (a file, one of several, or their
 * `.index.json`) or ONNX. No weight is read. Throws {@link InvalidModelFileError} for a file that is broken, hostile or
 * not a model, and {@link UnreadableModelFileError} for one that the system refuses to open.
 */
export async function readModel(path: string): Promise<ModelSummary> {
  return (await readModelHeader(path)).summary;
}
