import type { ModelSummary } from "@nanoagent/models";
import { readModelHeader } from "./read-model-header.js";

/**
 * Reads the header of a model file in any supported format: GGUF, safetensors (one file, one of several, or their
 * `.index.json`) or ONNX. No weights are read. Throws {@link InvalidModelFileError} for a file that is damaged, hostile
 * or not a model, and {@link UnreadableModelFileError} for a file that the system cannot open.
 */
export async function readModel(path: string): Promise<ModelSummary> {
  return (await readModelHeader(path)).summary;
}
