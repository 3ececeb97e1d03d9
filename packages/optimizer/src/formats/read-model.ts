import type { ModelSummary } from "@nanoagent/models";
import { readGguf } from "./gguf/read-gguf.js";
import { summarizeGguf } from "./gguf/summarize-gguf.js";

/**
 * What a model file's header says, whichever format it is in: GGUF is read, safetensors and ONNX are told apart and
 * refused. No weight is read. Throws {@link InvalidModelFileError} for a file that is broken, hostile or no model, and
 * {@link UnreadableModelFileError} for one that the system does not let us read.
 */
export async function readModel(path: string): Promise<ModelSummary> {
  return summarizeGguf(await readGguf(path));
}
