/** One tensor of a model file. */
export interface GgufTensor {
  name: string;
  /** How its weights are stored: `f16`, `q4_k`. */
  type: string;
  /** Lengths of its dimensions, that of a row first. */
  shape: readonly number[];
  /** How many weights that is. */
  weights: number;
  /** Where in the file its data begin. */
  offset: number;
  bytes: number;
  /** Which of the model's files it is in, counted from 0. Absent: the only one. */
  part?: number | undefined;
}

/** What a file that is one of several says about the others. */
export interface GgufSplit {
  /** Counted from 0. */
  number: number;
  count: number;
  /** How many tensors all files have together, where that is stated. */
  tensor_count: number | null;
}

/** A figure for all layers alike, or one for each layer; null where the header does not state it. */
export type PerLayer = number | readonly number[] | null;

/** The model's shape, as the keys of its architecture state it. What is not stated is null. */
export interface GgufShape {
  context_length: number | null;
  embedding_length: number | null;
  block_count: number | null;
  feed_forward_length: PerLayer;
  head_count: PerLayer;
  head_count_kv: PerLayer;
  /** Length of a head's keys and values, where it is not the embedding's length by the number of heads. */
  key_length: number | null;
  value_length: number | null;
  /** How much of a head is turned with the token's position. */
  rope_dimension_count: number | null;
  vocab_size: number | null;
  expert_count: number | null;
  expert_used_count: PerLayer;
  /** Length of one expert's feed-forward layer, where it is not that of the dense ones. */
  expert_feed_forward_length: PerLayer;
  /** Experts that are always used. */
  expert_shared_count: number | null;
  /** Groups that experts are chosen by. */
  expert_group_count: number | null;
  /** Layers at the beginning that have no experts. */
  leading_dense_block_count: number | null;
  /** Layers at the end that guess further tokens; llama.cpp leaves them out. */
  nextn_predict_layers: number | null;
  /** Tokens that a layer with a window looks back at. */
  sliding_window: number | null;
  /** Which layers have a window, or every how many layers one has none. */
  sliding_window_pattern: number | readonly boolean[] | null;
  /** Length of a head in layers with a window, where it differs. */
  key_length_swa: number | null;
  value_length_swa: number | null;
  /** Layers at the end that read the cache of an earlier one. */
  shared_kv_layers: number | null;
  /** Latent attention: the length of the latent vector, and of heads once they are made from it. */
  kv_lora_rank: number | null;
  key_length_mla: number | null;
  value_length_mla: number | null;
  /** Recurrent layers: which these are, and what they keep. */
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

/** What the header says of the tokenizer. Tokens and merges are counted, not read. */
export interface GgufTokenizer {
  /** `gpt2` for byte-level BPE, `llama` for SentencePiece. */
  model: string | null;
  /** How text is cut before that: `smollm`, `qwen2`. */
  pre: string | null;
  token_count: number | null;
  merge_count: number | null;
  /** A Jinja template that turns messages into a prompt. It is a program of the file's author: run it with limits. */
  chat_template: string | null;
  /** Other templates of the file by their names: `tool_use` for conversations with tools, `rag`. */
  named_chat_templates: Readonly<Record<string, string>>;
  bos_token_id: number | null;
  eos_token_id: number | null;
  /** The token that ends one turn, where it is not `eos_token_id`. */
  eot_token_id: number | null;
  padding_token_id: number | null;
  add_bos_token: boolean | null;
  add_eos_token: boolean | null;
}

/** What a file says that it is for. What is not stated is null. */
interface GgufPurpose {
  /** `model`, `adapter`, `mmproj`, `imatrix`. */
  type: string | null;
  /** How the vectors of all tokens become one: a number above 0 for models that make embeddings or grades. */
  pooling: number | null;
  /** False for a model whose tokens also see those behind them. */
  causal: boolean | null;
  /** Words that its author gives it, such as `text-generation`; the first of them. */
  tags: readonly string[];
  /** Labels of a classifier. */
  label_count: number | null;
}

/** All that the header of a GGUF file says, as far as running the model needs it. */
export interface GgufHeader {
  path: string;
  version: 2 | 3;
  /** Which byte of a number comes first. llama.cpp loads only files of its own machine's order. */
  byte_order: "little" | "big";
  /** All files of the model together. */
  file_bytes: number;
  alignment_bytes: number;
  /** Where the tensors' data begin. */
  data_offset: number;
  architecture: string | null;
  name: string | null;
  purpose: GgufPurpose;
  shape: GgufShape;
  tokenizer: GgufTokenizer;
  /** Null for a model in one file. `readGguf` joins the files, and then `path` is the first of them. */
  split: GgufSplit | null;
  tensors: readonly GgufTensor[];
}
