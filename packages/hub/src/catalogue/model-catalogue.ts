/** Purpose that a model is good for. */
export type ModelUse = "chat" | "tools" | "summaries" | "embeddings";

/** Figures that determine the tensors of a model. Lengths are counted in elements. */
export interface ModelShape {
  /** Architecture as in `general.architecture`: `llama`, `qwen3`. */
  architecture: string;
  embedding_length: number;
  layer_count: number;
  head_count: number;
  kv_head_count: number;
  head_length: number;
  feed_forward_length: number;
  vocabulary_size: number;
  /** Whether the output matrix is stored apart from the embedding. Absent: no. */
  has_separate_output?: boolean | undefined;
  /** Window of the layers that do not see the whole context. */
  sliding_window_tokens?: number | undefined;
  /** One layer of each group of this size has no window. Absent: as usual for the architecture. */
  window_period?: number | undefined;
  /** Head length in layers with a window, if it differs. */
  window_head_length?: number | undefined;
  /** Layers at the end that read the cache of an earlier layer. */
  shared_layer_count?: number | undefined;
  /** Length of the feed-forward part of those layers, if it differs. */
  shared_feed_forward_length?: number | undefined;
  /** Length of the embedding that each layer has of its own (Gemma 4). */
  layer_embedding_length?: number | undefined;
  /** Indexes of the layers with attention; all others have a short convolution (LFM2). */
  attention_layers?: readonly number[] | undefined;
  /** One in this number of layers has attention; all others have a recurrence (Qwen3.5). */
  attention_interval?: number | undefined;
  /** Width of the convolution of layers without attention. */
  convolution_length?: number | undefined;
  /** Heads, groups and head length of the recurrence. */
  state_head_count?: number | undefined;
  state_group_count?: number | undefined;
  state_length?: number | undefined;
}

/** A file of a model in the catalogue. */
export interface CatalogueFile {
  /** Path in the repository; the tag for a model of Ollama. */
  file: string;
  /** Label in upper case: `Q4_K_M`. */
  quantization: string;
  /** Size in bytes, rounded to three digits; null if no source gives it. */
  bytes_rounded: number | null;
  /** First 16 hex digits of the SHA-256, to compare only; null if unknown. */
  sha256_prefix: string | null;
  /** Index of the source of the name and the size. Absent for a file that only a download has shown. */
  source?: number | undefined;
  /** Size and SHA-256 that a download has shown. Absent: not downloaded yet. */
  bytes?: number | null | undefined;
  sha256?: string | null | undefined;
}

/** A published figure of a model's quality. */
export interface PublishedFigure {
  /** Name of the benchmark: `BFCL v3`. */
  figure: string;
  /** In percent; higher is better. */
  value: number;
  source: number;
}

/** A model of the catalogue. A fact that no source gives is null. */
export interface CatalogueModel {
  /** One word for the command line: `qwen3-0.6b`. */
  name: string;
  family: string;
  /** Name of the entry with the same model in other files. Only one of them is recommended. */
  variant_of?: string | undefined;
  /** `org/repo` of Hugging Face, or `ollama:name:tag`. */
  repository: string;
  files: readonly CatalogueFile[];
  parameters: number | null;
  shape: ModelShape | null;
  trained_context_tokens: number | null;
  license: string | null;
  /** Whether the model has a form of its own for tool calls. */
  tool_calling: boolean | null;
  /** Whether it computes vectors of texts instead of writing. */
  embedding: boolean;
  good_for: readonly ModelUse[];
  quality: readonly PublishedFigure[];
  /** Index of the source of each fact that is not null. */
  sources: Readonly<Record<string, number>>;
}

/** Known small models. `schemas/model-catalogue.json` is the schema of the file that is shipped. */
export interface ModelCatalogue {
  format: 1;
  /** Addresses and descriptions of the sources. */
  sources: readonly string[];
  models: readonly CatalogueModel[];
}
