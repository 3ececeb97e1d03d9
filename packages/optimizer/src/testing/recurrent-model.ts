import type { WritableGguf, WritableTensor, WritableValue } from "../formats/gguf/write-gguf.js";
import { tinyGguf } from "./tiny-gguf.js";

/** Architectures with recurrent layers. */
export type RecurrentArchitecture = "falcon-h1" | "mamba" | "mamba2" | "granitehybrid" | "jamba" | "nemotron_h";

interface RecurrentSize {
  embeddingLength: number;
  layerCount: number;
  vocabularySize: number;
}

const HEADS = 8;
const KV_HEADS = 2;
const HEAD_LENGTH = 64;
const KERNEL = 4;

/** Returns a model of an architecture with the tensors that llama.cpp requires. Only its second layer has attention. */
export function recurrentModel(architecture: RecurrentArchitecture, size: RecurrentSize): WritableGguf {
  const { embeddingLength, layerCount, vocabularySize } = size;
  const isFirstKind = architecture === "mamba" || architecture === "jamba";
  const isMambaAlone = architecture === "mamba" || architecture === "mamba2";
  const inner = 2 * embeddingLength;
  const state = isFirstKind ? 16 : 128;
  const rank = isFirstKind ? embeddingLength / 16 : inner / 64;
  const hasOwnHeads = architecture === "falcon-h1" || architecture === "nemotron_h";
  const headLength = hasOwnHeads ? HEAD_LENGTH : embeddingLength / HEADS;
  const layers = Array.from({ length: layerCount }, (_, index) => index);
  const hasAttention = (index: number) => architecture === "falcon-h1" || (!isMambaAlone && index === 1);
  const isFeedForward = (index: number) => architecture === "nemotron_h" && index % 4 === 2;

  const layer = (index: number): WritableTensor[] => {
    const matrix = (name: string, ...shape: number[]) => ({ name: `blk.${index}.${name}.weight`, type: "q8_0", shape });
    const floats = (name: string, ...shape: number[]) => ({ name: `blk.${index}.${name}`, type: "f32", shape });
    const attention = () => [
      matrix("attn_q", embeddingLength, HEADS * headLength),
      matrix("attn_k", embeddingLength, KV_HEADS * headLength),
      matrix("attn_v", embeddingLength, KV_HEADS * headLength),
      matrix("attn_output", HEADS * headLength, embeddingLength),
    ];
    const firstKind = () => [
      matrix("ssm_in", embeddingLength, 2 * inner),
      floats("ssm_conv1d.weight", KERNEL, inner),
      floats("ssm_conv1d.bias", inner),
      matrix("ssm_x", inner, rank + 2 * state),
      matrix("ssm_dt", rank, inner),
      floats("ssm_dt.bias", inner),
      floats("ssm_a", state, inner),
      floats("ssm_d", inner),
      matrix("ssm_out", inner, embeddingLength),
    ];
    const jambaNorms = () => [
      floats("ssm_dt_norm.weight", rank),
      floats("ssm_b_norm.weight", state),
      floats("ssm_c_norm.weight", state),
    ];
    const secondKind = () => [
      matrix("ssm_in", embeddingLength, 2 * inner + 2 * state + rank),
      floats("ssm_conv1d.weight", KERNEL, inner + 2 * state),
      floats("ssm_conv1d.bias", inner + 2 * state),
      floats("ssm_dt.bias", rank),
      floats("ssm_a", 1, rank),
      floats("ssm_d", 1, rank),
      floats("ssm_norm.weight", inner, 1),
      matrix("ssm_out", inner, embeddingLength),
    ];
    const recurrence = () => (isFirstKind ? firstKind() : secondKind());
    const feedForward = () => [
      floats(architecture === "falcon-h1" ? "ffn_norm" : "ffn_norm.weight", embeddingLength),
      matrix("ffn_gate", embeddingLength, inner),
      matrix("ffn_up", embeddingLength, inner),
      matrix("ffn_down", inner, embeddingLength),
    ];
    const norm = floats("attn_norm.weight", embeddingLength);
    if (isFeedForward(index)) {
      return [norm, matrix("ffn_up", embeddingLength, inner), matrix("ffn_down", inner, embeddingLength)];
    }
    const hasRecurrence = architecture === "falcon-h1" || !hasAttention(index);
    return [
      norm,
      ...(hasRecurrence ? recurrence() : []),
      ...(hasRecurrence && architecture === "jamba" ? jambaNorms() : []),
      ...(hasAttention(index) ? attention() : []),
      ...(isMambaAlone || architecture === "nemotron_h" ? [] : feedForward()),
    ];
  };

  const own: Record<string, number | readonly number[]> = {
    context_length: 32_768,
    embedding_length: embeddingLength,
    block_count: layerCount,
    feed_forward_length:
      architecture === "nemotron_h"
        ? layers.map((index) => (isFeedForward(index) ? inner : 0))
        : isMambaAlone
          ? 0
          : inner,
    "attention.head_count": isMambaAlone ? 0 : HEADS,
    ...(isMambaAlone ? {} : { "attention.head_count_kv": layers.map((index) => (hasAttention(index) ? KV_HEADS : 0)) }),
    ...(hasOwnHeads ? { "attention.key_length": HEAD_LENGTH, "attention.value_length": HEAD_LENGTH } : {}),
    "ssm.conv_kernel": KERNEL,
    "ssm.inner_size": inner,
    "ssm.state_size": state,
    "ssm.time_step_rank": rank,
    ...(isFirstKind ? {} : { "ssm.group_count": 1 }),
  };
  const stated = (value: number | readonly number[]): WritableValue =>
    typeof value === "number"
      ? { type: "uint32", value }
      : { type: "array", elements: { type: "int32", values: value } };
  const tokenizer = Object.entries(tinyGguf({ vocabularySize }).metadata).filter(([key]) =>
    key.startsWith("tokenizer"),
  );
  return {
    metadata: {
      "general.architecture": { type: "text", value: architecture },
      ...Object.fromEntries(Object.entries(own).map(([key, value]) => [`${architecture}.${key}`, stated(value)])),
      [`${architecture}.attention.layer_norm_rms_epsilon`]: { type: "float32", value: 1e-5 },
      [`${architecture}.attention.layer_norm_epsilon`]: { type: "float32", value: 1e-5 },
      ...Object.fromEntries(tokenizer),
    },
    tensors: [
      { name: "token_embd.weight", type: "q8_0", shape: [embeddingLength, vocabularySize] },
      { name: "output_norm.weight", type: "f32", shape: [embeddingLength] },
      { name: "output.weight", type: "q8_0", shape: [embeddingLength, vocabularySize] },
      ...layers.flatMap(layer),
    ],
  };
}
