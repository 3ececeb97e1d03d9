import type { ModelFormat, ModelSummary } from "@nanoagent/models";
import type { SizedTensor } from "./safetensors/parse-safetensors.js";
import { sumByType } from "./sum-by-type.js";

/** Summarizes a file that lists only its tensors, without figures of the model. */
export function summarizeTensors(
  format: ModelFormat,
  tensors: readonly SizedTensor[],
  fileBytes: number,
  name: string | null = null,
): ModelSummary {
  return {
    format,
    architecture: null,
    name,
    file_bytes: fileBytes,
    parameter_count: tensors.length === 0 ? null : tensors.reduce((sum, { elements }) => sum + elements, 0),
    layer_count: null,
    embedding_length: null,
    feed_forward_length: null,
    head_count: null,
    kv_head_count: null,
    vocabulary_size: null,
    training_context_tokens: null,
    tensors_by_type: sumByType(tensors),
  };
}
