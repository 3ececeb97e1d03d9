import { MAX_PARTS } from "../model-parts.js";
import type { GgufHeader, GgufShape, GgufSplit, GgufTokenizer, PerLayer } from "./gguf-header.js";
import { MAX_ALIGNMENT_BYTES, MAX_LAYERS } from "./gguf-limits.js";
import type { GgufMetadata } from "./gguf-metadata.js";
import { CHAT_TEMPLATE_KEY, NAMED_TEMPLATE_PREFIX } from "./read-metadata.js";

const DEFAULT_ALIGNMENT_BYTES = 32;
/** The part of a header that its metadata states. */
export type GgufFigures = Pick<GgufHeader, "architecture" | "name" | "purpose" | "shape" | "tokenizer" | "split">;

/** Returns the figures that the metadata states. Throws {@link InvalidModelFileError} for an unusable value. */
export function figuresOf(metadata: GgufMetadata): GgufFigures {
  const architecture = metadata.text("general.architecture");
  return {
    architecture,
    name: metadata.text("general.name"),
    purpose: {
      type: metadata.text("general.type"),
      pooling: metadata.count(`${architecture}.pooling_type`),
      causal: metadata.flag(`${architecture}.attention.causal`),
      tags: metadata.texts("general.tags"),
      label_count: metadata.arrayLength(`${architecture}.classifier.output_labels`),
    },
    shape: shapeOf(metadata, architecture),
    tokenizer: tokenizerOf(metadata),
    split: splitOf(metadata),
  };
}

/** Returns the alignment of tensor data, in bytes. */
export function alignmentOf(metadata: GgufMetadata): number {
  const key = "general.alignment";
  const entry = metadata.entry(key);
  if (entry === null) return DEFAULT_ALIGNMENT_BYTES;
  if (entry.type !== "uint32") metadata.fail(key, `has the type ${entry.type} instead of uint32`);
  const alignment = Number(entry.value);
  if (alignment === 0 || (alignment & (alignment - 1)) !== 0) metadata.fail(key, `is ${alignment}, not a power of two`);
  if (alignment > MAX_ALIGNMENT_BYTES) metadata.fail(key, `is ${alignment}, more than ${MAX_ALIGNMENT_BYTES}`);
  return alignment;
}

/** Returns the position of this file in a split model; null for a model in one file. */
function splitOf(metadata: GgufMetadata): GgufSplit | null {
  const count = metadata.count("split.count");
  if (count === null || count <= 1) return null;
  if (count > MAX_PARTS) metadata.fail("split.count", `is ${count}, but the limit is ${MAX_PARTS}`);
  const number = metadata.count("split.no") ?? 0;
  if (number >= count)
    metadata.fail("split.no", `is ${number}, but the last of ${count} parts has number ${count - 1}`);
  return { number, count, tensor_count: metadata.count("split.tensors.count") };
}

function shapeOf(metadata: GgufMetadata, architecture: string | null): GgufShape {
  const of = (key: string) => metadata.count(`${architecture}.${key}`);
  const ofEach = (key: string): PerLayer => metadata.countPerLayer(`${architecture}.${key}`);
  const flagsOr = (key: string) =>
    metadata.flagPerLayer(`${architecture}.${key}`) ?? metadata.count(`${architecture}.${key}`);
  const block_count = of("block_count");
  if (block_count !== null && block_count > MAX_LAYERS) {
    metadata.fail(`${architecture}.block_count`, `is ${block_count}, but llama.cpp supports only ${MAX_LAYERS} layers`);
  }
  return {
    context_length: of("context_length"),
    embedding_length: of("embedding_length"),
    block_count,
    feed_forward_length: ofEach("feed_forward_length"),
    head_count: ofEach("attention.head_count"),
    head_count_kv: ofEach("attention.head_count_kv"),
    key_length: of("attention.key_length"),
    value_length: of("attention.value_length"),
    rope_dimension_count: of("rope.dimension_count"),
    vocab_size: of("vocab_size"),
    expert_count: of("expert_count"),
    expert_used_count: ofEach("expert_used_count"),
    expert_feed_forward_length: ofEach("expert_feed_forward_length"),
    expert_shared_count: of("expert_shared_count"),
    expert_group_count: of("expert_group_count"),
    leading_dense_block_count: of("leading_dense_block_count"),
    nextn_predict_layers: of("nextn_predict_layers"),
    sliding_window: of("attention.sliding_window"),
    sliding_window_pattern: flagsOr("attention.sliding_window_pattern"),
    key_length_swa: of("attention.key_length_swa"),
    value_length_swa: of("attention.value_length_swa"),
    shared_kv_layers: of("attention.shared_kv_layers"),
    kv_lora_rank: of("attention.kv_lora_rank"),
    key_length_mla: of("attention.key_length_mla"),
    value_length_mla: of("attention.value_length_mla"),
    recurrent_layers: metadata.flagPerLayer(`${architecture}.attention.recurrent_layers`),
    full_attention_interval: of("full_attention_interval"),
    ssm_conv_kernel: of("ssm.conv_kernel"),
    ssm_inner_size: of("ssm.inner_size"),
    ssm_state_size: of("ssm.state_size"),
    ssm_group_count: of("ssm.group_count"),
    ssm_time_step_rank: of("ssm.time_step_rank"),
    shortconv_l_cache: of("shortconv.l_cache"),
    wkv_head_size: of("wkv.head_size"),
    token_shift_count: of("token_shift_count"),
    kda_head_dim: of("kda.head_dim"),
  };
}

function tokenizerOf(metadata: GgufMetadata): GgufTokenizer {
  const token = (name: string) => metadata.count(`tokenizer.ggml.${name}_token_id`);
  return {
    model: metadata.text("tokenizer.ggml.model"),
    pre: metadata.text("tokenizer.ggml.pre"),
    token_count: metadata.arrayLength("tokenizer.ggml.tokens"),
    merge_count: metadata.arrayLength("tokenizer.ggml.merges"),
    // A blank template counts as missing.
    chat_template: metadata.text(CHAT_TEMPLATE_KEY)?.trim() ? metadata.text(CHAT_TEMPLATE_KEY) : null,
    named_chat_templates: namedTemplates(metadata),
    bos_token_id: token("bos"),
    eos_token_id: token("eos"),
    eot_token_id: token("eot"),
    padding_token_id: token("padding"),
    add_bos_token: metadata.flag("tokenizer.ggml.add_bos_token"),
    add_eos_token: metadata.flag("tokenizer.ggml.add_eos_token"),
  };
}

/** Returns the templates under keys such as `tokenizer.chat_template.tool_use`, without blank ones. */
function namedTemplates(metadata: GgufMetadata): Record<string, string> {
  const names = metadata.keys().filter((key) => {
    return key.startsWith(NAMED_TEMPLATE_PREFIX) && metadata.entry(key)?.type === "text";
  });
  const templates = names.map((key) => [key.slice(NAMED_TEMPLATE_PREFIX.length), metadata.text(key)] as const);
  return Object.fromEntries(templates.filter((entry): entry is [string, string] => Boolean(entry[1]?.trim())));
}
