import type { KeyTexts } from "./key-texts.js";

export const modelSummaryTexts: KeyTexts = {
  "": "Figures from the header of a model file. A figure that the header does not have is null.",
  format: "Format of the file: `gguf`, `safetensors` or `onnx`.",
  architecture: { description: "Architecture of the model. Null: unknown.", examples: ["llama", "qwen3"] },
  name: "Name of the model in the header. Null: the header has none.",
  file_bytes: "Size of all files of the model together, in bytes.",
  parameter_count: "Number of parameters. Null: unknown.",
  layer_count: "Number of layers. Null: unknown.",
  embedding_length: "Length of a token's embedding. Null: unknown.",
  feed_forward_length: "Width of the feed-forward layers. Null: unknown.",
  head_count: "Number of attention heads. Null: unknown.",
  kv_head_count: "Number of key and value heads. Null: unknown.",
  vocabulary_size: "Number of tokens in the vocabulary. Null: unknown.",
  training_context_tokens: "Longest context that the model was trained for, in tokens. Null: unknown.",
  tensors_by_type: "Tensors by the type that they are stored in, such as `q4_k` or `f16`.",
  "tensors_by_type.*.count": "Number of tensors of this type.",
  "tensors_by_type.*.bytes": "Size of these tensors, in bytes.",
};
