import type { ModelSummary } from "@nanoagent/models";
import { sumByType } from "../sum-by-type.js";
import type { GgufHeader, PerLayer } from "./gguf-header.js";
import { vocabularyMatrices } from "./tensor-names.js";

/**
 * Summarizes a header in the fields that all formats share. For a figure that differs by layer, the largest is used.
 */
export function summarizeGguf(header: GgufHeader): ModelSummary {
  const { shape, tensors } = header;
  return {
    format: "gguf",
    architecture: header.architecture,
    name: header.name,
    file_bytes: header.file_bytes,
    parameter_count: tensors.length > 0 ? tensors.reduce((sum, { weights }) => sum + weights, 0) : null,
    layer_count: atLeastOne(shape.block_count),
    embedding_length: atLeastOne(shape.embedding_length),
    feed_forward_length: largest(shape.feed_forward_length),
    head_count: largest(shape.head_count),
    kv_head_count: largest(shape.head_count_kv ?? shape.head_count),
    vocabulary_size: atLeastOne(vocabularySizeOf(header)),
    training_context_tokens: atLeastOne(shape.context_length),
    tensors_by_type: sumByType(tensors),
  };
}

/** Returns the vocabulary size: from the tokenizer, or else from the stated figure or the embedding. */
export function vocabularySizeOf({ shape, tokenizer, tensors }: GgufHeader): number | null {
  const { embedding } = vocabularyMatrices({ tensors });
  return tokenizer.token_count ?? shape.vocab_size ?? embedding?.shape[1] ?? null;
}

function largest(figure: PerLayer): number | null {
  if (figure === null) return null;
  return atLeastOne(typeof figure === "number" ? figure : Math.max(0, ...figure));
}

function atLeastOne(figure: number | null): number | null {
  return figure === 0 ? null : figure;
}
