/** One tensor of a model file. */
export interface GgufTensor {
  name: string;
  /** Storage type of its weights: `f16`, `q4_k`. */
  type: string;
  /** Lengths of its dimensions, row length first. */
  shape: readonly number[];
  /** Number of weights. */
  weights: number;
  /** Offset of its data in the file. */
  offset: number;
  bytes: number;
  /** Index of the model's file that contains it, from 0. Absent: the only file. */
  part?: number | undefined;
}

/** Position of a file in a split model. */
export interface GgufSplit {
  /** Index of this file, from 0. */
  number: number;
  count: number;
  /** Number of tensors in all files together; null if not stated. */
  tensor_count: number | null;
}

/** A figure for all layers, or one per layer; null if the header does not state it. */
export type PerLayer = number | readonly number[] | null;

/** Figures of the model, from the keys of its architecture. Null for figures that are not stated. */
export interface GgufShape {
  context_length: number | null;
  embedding_length: number | null;
  block_count: number | null;
  feed_forward_length: PerLayer;
  head_count: PerLayer;
  head_count_kv: PerLayer;
  /** Length of a head's keys and values, if it differs from embedding length ÷ number of heads. */
  key_length: number | null;
  value_length: number | null;
  /** Number of elements of a head that RoPE rotates. */
  rope_dimension_count: number | null;
  vocab_size: number | null;
  expert_count: number | null;
  expert_used_count: PerLayer;
  /** Feed-forward length of one expert, if it differs from that of dense layers. */
  expert_feed_forward_length: PerLayer;
  /** Experts that are always used. */
  expert_shared_count: number | null;
  /** Number of expert groups for routing. */
  expert_group_count: number | null;
  /** Layers at the beginning that have no experts. */
  leading_dense_block_count: number | null;
  /** Layers at the end for multi-token prediction; llama.cpp leaves them out. */
  nextn_predict_layers: number | null;
  /** Window size in tokens. */
  sliding_window: number | null;
  /** Layers with a window, as flags, or the period of layers without one. */
  sliding_window_pattern: number | readonly boolean[] | null;
  /** Head length in layers with a window, if it differs. */
  key_length_swa: number | null;
  value_length_swa: number | null;
  /** Layers at the end that read the cache of an earlier layer. */
  shared_kv_layers: number | null;
  /** Latent attention: length of the latent vector, and of the heads that are computed from it. */
  kv_lora_rank: number | null;
  key_length_mla: number | null;
  value_length_mla: number | null;
  /** Recurrent layers: flags per layer, and the size of their state. */
  recurrent_layers: readonly boolean[] | null;
  full_attention_interval: number | null;
  ssm_conv_kernel: number | null;
  ssm_inner_size: number | null;
  ssm_state_size: number | null;
  ssm_group_count: number | null;
  ssm_time_step_rank: number | null;
  shortconv_l_cache: number | null;
  wkv_head_size: number | null;
  token_shift_count: number | null;
  kda_head_dim: number | null;
}

/** Facts of the tokenizer. Tokens and merges are counted, not read. */
export interface GgufTokenizer {
  /** `gpt2` for byte-level BPE, `llama` for SentencePiece. */
  model: string | null;
  /** Name of the pre-tokenizer: `smollm`, `qwen2`. */
  pre: string | null;
  token_count: number | null;
  merge_count: number | null;
  /** A Jinja template that turns messages into a prompt. It is code from the file's author: run it with limits. */
  chat_template: string | null;
  /** Further templates by name: `tool_use` for conversations with tools, `rag`. */
  named_chat_templates: Readonly<Record<string, string>>;
  bos_token_id: number | null;
  eos_token_id: number | null;
  /** The token that ends a turn, if it differs from `eos_token_id`. */
  eot_token_id: number | null;
  padding_token_id: number | null;
  add_bos_token: boolean | null;
  add_eos_token: boolean | null;
}

/** The purpose of a file. Null for facts that are not stated. */
interface GgufPurpose {
  /** `model`, `adapter`, `mmproj`, `imatrix`. */
  type: string | null;
  /** Pooling of the token vectors: above 0 for embedding models and rerankers. */
  pooling: number | null;
  /** False for a model whose tokens attend to later tokens as well. */
  causal: boolean | null;
  /** The first tags given by the author, such as `text-generation`. */
  tags: readonly string[];
  /** Number of labels of a classifier. */
  label_count: number | null;
}

/** The header of a GGUF file, as far as it is needed for running the model. */
export interface GgufHeader {
  path: string;
  version: 2 | 3;
  /** Byte order of numbers. llama.cpp loads only files in the byte order of the machine. */
  byte_order: "little" | "big";
  /** Size of all files of the model together. */
  file_bytes: number;
  alignment_bytes: number;
  /** Offset of the table of tensors, where the metadata end. Of a split model: in its first file. */
  table_offset: number;
  /** Offset of the tensor data. */
  data_offset: number;
  architecture: string | null;
  name: string | null;
  purpose: GgufPurpose;
  shape: GgufShape;
  tokenizer: GgufTokenizer;
  /** Null for a model in one file. `joinGgufParts` joins the headers of a split model; `path` is then its first file. */
  split: GgufSplit | null;
  tensors: readonly GgufTensor[];
}
