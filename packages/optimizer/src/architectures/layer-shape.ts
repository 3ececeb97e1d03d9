import type { GgufHeader, GgufShape, PerLayer } from "../formats/gguf/gguf-header.js";
import { type Architecture, architectureNamed, type WindowPattern } from "./architecture-table.js";

/** Attention over a cache of keys and values. */
export interface AttentionShape {
  kind: "attention";
  headCount: number;
  kvHeadCount: number;
  keyHeadLength: number;
  valueHeadLength: number;
  /** Window size in tokens; null for the whole context. */
  windowTokens: number | null;
  /** False for a layer that reads the cache of an earlier one. */
  ownsCache: boolean;
}

/**
 * Attention over a cache of latent vectors (MLA): one vector per token, which all heads derive keys and values from.
 */
export interface LatentAttentionShape {
  kind: "latent-attention";
  headCount: number;
  latentLength: number;
  /** Length of the part of a key that carries the position (RoPE). It is cached beside the latent vector. */
  turnedLength: number;
  keyHeadLength: number;
  valueHeadLength: number;
}

/**
 * A layer with a fixed-size state instead of a cache: `short-convolution` (LFM2), `delta-net`, or another recurrence.
 */
export interface RecurrentShape {
  kind: "short-convolution" | "delta-net" | "recurrence";
  /** Elements that the convolution keeps of the newest tokens, and elements of the state. */
  convolutionNumbers: number;
  stateNumbers: number;
  /** For `delta-net`: convolved elements per token, value elements per token, and heads. */
  convolvedLength: number;
  innerLength: number;
  headCount: number;
}

export interface FeedForwardShape {
  length: number;
  /** Number of experts, and experts per token; 0 for a layer without experts. */
  expertCount: number;
  usedExperts: number;
  /** Total length of the shared experts, which every token uses. */
  sharedLength: number;
}

export interface LayerShape {
  mixer: AttentionShape | LatentAttentionShape | RecurrentShape;
  /** A recurrence in parallel to the attention of the same layer (Falcon-H1). */
  beside?: RecurrentShape | undefined;
  feedForward: FeedForwardShape;
}

/** Throws an error for a figure that is missing or contradicts another. */
export type FailFigure = (field: string, problem: string) => never;

/** Builds the layers of a model from the figures of its header. `headCount` is the head count of the widest layer. */
export function layerShapes(header: GgufHeader, headCount: number, fail: FailFigure): readonly LayerShape[] {
  const { shape } = header;
  const architecture = architectureNamed(header.architecture);
  const blocks = shape.block_count ?? 0;
  const layerCount = Math.max(1, blocks - (shape.nextn_predict_layers ?? 0));
  const each = (key: string, value: PerLayer): readonly number[] => {
    if (value === null) fail(`${header.architecture}.${key}`, "is missing");
    if (typeof value === "number") return new Array<number>(layerCount).fill(value);
    if (value.length < layerCount) {
      fail(`${header.architecture}.${key}`, `has ${value.length} values for ${layerCount} layers`);
    }
    return value.slice(0, layerCount);
  };
  const embeddingLength = shape.embedding_length ?? 0;
  const headCounts = each("attention.head_count", shape.head_count ?? (isAttentionFree(shape) ? 0 : null));
  const kvHeadCounts = each("attention.head_count_kv", shape.head_count_kv ?? headCounts);
  const lengths = each("feed_forward_length", shape.feed_forward_length ?? (isAttentionFree(shape) ? 0 : null));
  const isRecurrent = recurrentLayers(architecture, shape, kvHeadCounts, lengths);
  const hasWindow = windowedLayers(architecture, shape, layerCount);
  const windowTokens = shape.sliding_window || patternOf(architecture)?.tokens || null;
  const ownCaches = layerCount - sharedLayers(architecture, shape, layerCount);
  const experts = expertFigures(shape, each);

  return Array.from({ length: layerCount }, (_, index): LayerShape => {
    const isWindowed = windowTokens !== null && hasWindow(index);
    const length = lengths[index] ?? 0;
    const feedForward =
      experts === null || index < (shape.leading_dense_block_count ?? 0)
        ? { length, expertCount: 0, usedExperts: 0, sharedLength: 0 }
        : experts(index, length);
    if (isRecurrent(index)) return { mixer: recurrentShape(architecture, shape, headCount), feedForward };
    if (shape.key_length_mla && shape.value_length_mla && shape.kv_lora_rank) {
      const mixer: LatentAttentionShape = {
        kind: "latent-attention",
        headCount: headCounts[index] ?? headCount,
        latentLength: shape.kv_lora_rank,
        turnedLength: shape.rope_dimension_count ?? 0,
        keyHeadLength: shape.key_length_mla,
        valueHeadLength: shape.value_length_mla,
      };
      return { mixer, feedForward };
    }
    const byHeads = Math.floor(embeddingLength / headCount);
    const mixer: AttentionShape = {
      kind: "attention",
      headCount: headCounts[index] ?? headCount,
      kvHeadCount: kvHeadCounts[index] ?? 0,
      keyHeadLength: (isWindowed ? shape.key_length_swa : null) ?? shape.key_length ?? byHeads,
      valueHeadLength: (isWindowed ? shape.value_length_swa : null) ?? shape.value_length ?? byHeads,
      windowTokens: isWindowed ? windowTokens : null,
      ownsCache: index < ownCaches,
    };
    if (architecture.recurrence !== "beside-attention") return { mixer, feedForward };
    return { mixer, beside: recurrentShape(architecture, shape, headCount), feedForward };
  });
}

/** Whether a model has a state and no attention heads. Such a model may also lack feed-forward parts. */
export function isAttentionFree(shape: GgufShape): boolean {
  const heads =
    typeof shape.head_count === "object" && shape.head_count !== null ? shape.head_count : [shape.head_count];
  return keepsState(shape) && heads.every((count) => !count);
}

function keepsState(shape: GgufShape): boolean {
  return [shape.ssm_inner_size, shape.shortconv_l_cache, shape.wkv_head_size, shape.kda_head_dim].some(Boolean);
}

type Each = (key: string, value: PerLayer) => readonly number[];

function expertFigures(shape: GgufShape, each: Each): ((index: number, length: number) => FeedForwardShape) | null {
  const expertCount = shape.expert_count ?? 0;
  if (expertCount === 0) return null;
  const used = each("expert_used_count", shape.expert_used_count);
  const own = shape.expert_feed_forward_length;
  const lengths = own === null || own === 0 ? null : each("expert_feed_forward_length", own);
  return (index, length) => {
    const expertLength = lengths?.[index] ?? length;
    return {
      length: expertLength,
      expertCount,
      usedExperts: used[index] ?? 0,
      sharedLength: expertLength * (shape.expert_shared_count ?? 0),
    };
  };
}

function windowedLayers(architecture: Architecture, shape: GgufShape, layerCount: number): (index: number) => boolean {
  if (architecture.windows === "none") return () => false;
  const stated = shape.sliding_window_pattern;
  if (typeof stated === "object" && stated !== null) return (index) => stated[index] ?? false;
  const known = patternOf(architecture);
  const period = stated ?? known?.period;
  if (period === undefined || period < 1) return () => false;
  return known?.isFullFirst
    ? (index) => index % period !== 0
    : (index) => index < layerCount && index % period < period - 1;
}

function patternOf({ windows }: Architecture): WindowPattern | null {
  return windows === undefined || windows === "none" ? null : windows;
}

function sharedLayers({ layersWithOwnCache }: Architecture, shape: GgufShape, layerCount: number): number {
  if (layersWithOwnCache !== undefined) return Math.max(0, layerCount - layersWithOwnCache);
  return Math.min(layerCount, shape.shared_kv_layers ?? 0);
}

function recurrentLayers(
  architecture: Architecture,
  shape: GgufShape,
  kvHeadCounts: readonly number[],
  feedForwardLengths: readonly number[],
): (index: number) => boolean {
  const { recurrent_layers: stated } = shape;
  if (stated !== null) return (index) => stated[index] ?? false;
  const interval = shape.full_attention_interval ?? architecture.deltaNet?.attentionInterval ?? 0;
  if (interval > 0) return (index) => (index + 1) % interval !== 0;
  if (!keepsState(shape) || architecture.recurrence === "beside-attention") return () => false;
  if (isAttentionFree(shape) || shape.wkv_head_size !== null) return () => true;
  const isFeedForward = (index: number) =>
    architecture.recurrence === "without-feed-forward" && feedForwardLengths[index] !== 0;
  return (index) => kvHeadCounts[index] === 0 && !isFeedForward(index);
}

/** Returns the state of a recurrent layer: 32-bit numbers, for the single sequence of the context. */
function recurrentShape(architecture: Architecture, shape: GgufShape, headCount: number): RecurrentShape {
  const embeddingLength = shape.embedding_length ?? 0;
  const none = { convolvedLength: 0, innerLength: 0, headCount };
  if (shape.wkv_head_size) {
    const convolutionNumbers = (shape.token_shift_count ?? 2) * embeddingLength;
    // Five vectors of the embedding length: receptance, key, value, decay and gate.
    const lengths = { convolvedLength: 3 * embeddingLength, innerLength: embeddingLength, headCount };
    return { kind: "recurrence", convolutionNumbers, stateNumbers: embeddingLength * shape.wkv_head_size, ...lengths };
  }
  if (shape.shortconv_l_cache) {
    const convolutionNumbers = embeddingLength * (shape.shortconv_l_cache - 1);
    return { kind: "short-convolution", convolutionNumbers, stateNumbers: 0, ...none };
  }
  if (shape.kda_head_dim) {
    const kept = shape.ssm_conv_kernel ? shape.ssm_conv_kernel - 1 : 3;
    const convolutionNumbers = 3 * kept * headCount * shape.kda_head_dim;
    return { kind: "recurrence", convolutionNumbers, stateNumbers: shape.kda_head_dim ** 2 * headCount, ...none };
  }
  const [inner, state] = [shape.ssm_inner_size ?? 0, shape.ssm_state_size ?? 0];
  const convolved = inner + 2 * (shape.ssm_group_count ?? 0) * state;
  return {
    kind: architecture.deltaNet === undefined ? "recurrence" : "delta-net",
    convolutionNumbers: Math.max(0, (shape.ssm_conv_kernel ?? 0) - 1) * convolved,
    stateNumbers: state * inner,
    convolvedLength: convolved,
    innerLength: inner,
    headCount: shape.ssm_time_step_rank ?? headCount,
  };
}
