import * as z from "zod/mini";
import { defineSchema } from "./define-schema.js";
import { count, positiveInteger } from "./field-types.js";
import type { Schema } from "./schema.js";
import { whenFirstUsed } from "./when-first-used.js";

export type ModelFormat = "gguf" | "safetensors" | "onnx";

/** Figures from the header of a model file. A figure that the header does not have is null, never 0. */
export interface ModelSummary {
  format: ModelFormat;
  /** Architecture of the model: `llama`, `qwen3`. */
  architecture: string | null;
  name: string | null;
  /** Size of all files of the model together. */
  file_bytes: number;
  parameter_count: number | null;
  layer_count: number | null;
  embedding_length: number | null;
  feed_forward_length: number | null;
  head_count: number | null;
  kv_head_count: number | null;
  vocabulary_size: number | null;
  /** Longest context that the model was trained for. */
  training_context_tokens: number | null;
  /** Number and bytes of the tensors, by storage type (`q4_k`, `f16`). */
  tensors_by_type: Record<string, TensorTypeTotal>;
}

export interface TensorTypeTotal {
  count: number;
  bytes: number;
}

const dimension = () => z.nullable(positiveInteger());

export const modelSummarySource = whenFirstUsed(() =>
  z.strictObject({
    format: z.enum(["gguf", "safetensors", "onnx"]),
    architecture: z.nullable(z.string()),
    name: z.nullable(z.string()),
    file_bytes: count(),
    parameter_count: z.nullable(count()),
    layer_count: dimension(),
    embedding_length: dimension(),
    feed_forward_length: dimension(),
    head_count: dimension(),
    kv_head_count: dimension(),
    vocabulary_size: dimension(),
    training_context_tokens: dimension(),
    tensors_by_type: z.record(z.string(), z.strictObject({ count: count(), bytes: count() })),
  }),
);

export const ModelSummary: Schema<ModelSummary> = defineSchema<ModelSummary, ModelSummary>(modelSummarySource);
