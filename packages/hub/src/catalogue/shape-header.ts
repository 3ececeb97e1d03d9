import { ENOUGH_CONTEXT_TOKENS, type GgufHeader, type GgufShape, type GgufTensor } from "@nanoagent/optimizer";
import type { CatalogueFile, CatalogueModel, ModelShape } from "./model-catalogue.js";
import { mixQuantization } from "./quantization-mix.js";
import { feedForwardLength, isWindowed, type ShapeTensor, shapeTensors } from "./shape-tensors.js";

/** Bytes that a token takes in a header: text, type and a merge. Measured with vocabularies of 49,152 and 151,936. */
const HEADER_BYTES_PER_TOKEN = 38;
const ALIGNMENT_BYTES = 32;
const BYTES_PER_WEIGHT = { f16: 2, f32: 4 } as const;
/**
 * Largest difference between the size in the catalogue and that of the shape. Some publishers give more bits to a few
 * matrices, for files that are up to a tenth larger. Beyond it, one of the two is wrong.
 */
const MAX_SIZE_DIFFERENCE = 0.15;

/**
 * Returns the header that a file of the catalogue must have, computed from the shape of its model: figures and tensors,
 * with tokens counted but without texts. If the size is known, the tensors are scaled to it. Returns null if the shape
 * or the types of the quantization are not known, or if shape and size contradict each other.
 */
export function shapeHeader(model: CatalogueModel, file: CatalogueFile): GgufHeader | null {
  const { shape } = model;
  const listed = shape === null ? null : shapeTensors(shape);
  if (shape === null || listed === null) return null;
  const dataOffset = aligned(shape.vocabulary_size * HEADER_BYTES_PER_TOKEN);
  const unquantized: GgufHeader = {
    path: file.file,
    version: 3,
    byte_order: "little",
    file_bytes: 0,
    alignment_bytes: ALIGNMENT_BYTES,
    table_offset: 0,
    data_offset: dataOffset,
    architecture: shape.architecture,
    name: model.name,
    purpose: { type: "model", pooling: null, causal: null, tags: [], label_count: null },
    shape: figuresOf(shape, model.trained_context_tokens),
    tokenizer: {
      model: "gpt2",
      pre: null,
      token_count: shape.vocabulary_size,
      merge_count: shape.vocabulary_size,
      chat_template: null,
      named_chat_templates: {},
      bos_token_id: null,
      eos_token_id: null,
      eot_token_id: null,
      padding_token_id: null,
      add_bos_token: null,
      add_eos_token: null,
    },
    split: null,
    tensors: listed.map(unquantizedTensor),
  };
  const header = mixQuantization(unquantized, file.quantization);
  if (header === null) return null;
  const computed = header.tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  const stated = file.bytes ?? file.bytes_rounded;
  const scale = stated === null ? 1 : (stated - dataOffset) / computed;
  if (Math.abs(scale - 1) > MAX_SIZE_DIFFERENCE) return null;
  return placed(header, scale);
}

function unquantizedTensor({ name, type, shape }: ShapeTensor): GgufTensor {
  const weights = shape.reduce((product, length) => product * length, 1);
  return { name, type, shape, weights, offset: 0, bytes: weights * BYTES_PER_WEIGHT[type] };
}

/** Scales the quantized tensors and places all tensors one after another. */
function placed(header: GgufHeader, scale: number): GgufHeader {
  let offset = header.data_offset;
  const tensors = header.tensors.map((tensor) => {
    const bytes = tensor.type === "f32" ? tensor.bytes : Math.round(tensor.bytes * scale);
    const at = offset;
    offset += aligned(bytes);
    return { ...tensor, bytes, offset: at, part: 0 };
  });
  return { ...header, tensors, file_bytes: offset };
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

function figuresOf(shape: ModelShape, trainedTokens: number | null): GgufShape {
  const eachLayer = <Value>(of: (index: number) => Value) => Array.from({ length: shape.layer_count }, (_, i) => of(i));
  const { attention_layers, state_head_count, state_length, layer_embedding_length } = shape;
  return {
    ...NO_FIGURES,
    context_length: trainedTokens ?? ENOUGH_CONTEXT_TOKENS,
    embedding_length: shape.embedding_length,
    block_count: shape.layer_count,
    feed_forward_length:
      layer_embedding_length === undefined
        ? shape.feed_forward_length
        : eachLayer((index) => feedForwardLength(shape, index)),
    head_count: shape.head_count,
    head_count_kv:
      attention_layers === undefined
        ? shape.kv_head_count
        : eachLayer((index) => (attention_layers.includes(index) ? shape.kv_head_count : 0)),
    key_length: shape.head_length,
    value_length: shape.head_length,
    sliding_window: shape.sliding_window_tokens ?? null,
    sliding_window_pattern: shape.window_period === undefined ? null : eachLayer((index) => isWindowed(shape, index)),
    key_length_swa: shape.window_head_length ?? null,
    value_length_swa: shape.window_head_length ?? null,
    shared_kv_layers: shape.shared_layer_count ?? null,
    shortconv_l_cache: attention_layers === undefined ? null : (shape.convolution_length ?? null),
    full_attention_interval: shape.attention_interval ?? null,
    ssm_conv_kernel: state_head_count === undefined ? null : (shape.convolution_length ?? null),
    ssm_inner_size:
      state_head_count === undefined || state_length === undefined ? null : state_head_count * state_length,
    ssm_state_size: state_length ?? null,
    ssm_group_count: shape.state_group_count ?? null,
    ssm_time_step_rank: state_head_count ?? null,
  };
}

/** A header that states nothing. */
const NO_FIGURES: GgufShape = {
  context_length: null,
  embedding_length: null,
  block_count: null,
  feed_forward_length: null,
  head_count: null,
  head_count_kv: null,
  key_length: null,
  value_length: null,
  rope_dimension_count: null,
  vocab_size: null,
  expert_count: null,
  expert_used_count: null,
  expert_feed_forward_length: null,
  expert_shared_count: null,
  expert_group_count: null,
  leading_dense_block_count: null,
  nextn_predict_layers: null,
  sliding_window: null,
  sliding_window_pattern: null,
  key_length_swa: null,
  value_length_swa: null,
  shared_kv_layers: null,
  kv_lora_rank: null,
  key_length_mla: null,
  value_length_mla: null,
  recurrent_layers: null,
  full_attention_interval: null,
  ssm_conv_kernel: null,
  ssm_inner_size: null,
  ssm_state_size: null,
  ssm_group_count: null,
  ssm_time_step_rank: null,
  shortconv_l_cache: null,
  wkv_head_size: null,
  token_shift_count: null,
  kda_head_dim: null,
};
