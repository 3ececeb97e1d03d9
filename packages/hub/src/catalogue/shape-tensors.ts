import type { ModelShape } from "./model-catalogue.js";

/** A tensor of a model before quantization. */
export interface ShapeTensor {
  name: string;
  /** Matrices are `f16`; norms, biases and small state tensors are `f32`. */
  type: "f16" | "f32";
  /** Lengths of its dimensions, row length first. */
  shape: readonly number[];
}

type LayerTensors = (shape: ModelShape, index: number) => readonly ShapeTensor[];

/** Tensors of one layer, by architecture. A shape of another architecture is not planned. */
const LAYERS: Readonly<Record<string, LayerTensors>> = {
  llama: plainLayer,
  qwen2: plainLayer,
  qwen3: (shape, index) => [...plainLayer(shape, index), ...headNorms(index, shape.head_length)],
  smollm3: plainLayer,
  granite: plainLayer,
  mistral3: plainLayer,
  gemma3: (shape, index) => [
    ...plainLayer(shape, index),
    ...headNorms(index, shape.head_length),
    ...residualNorms(shape, index),
  ],
  gemma4: gemma4Layer,
  phi3: fusedLayer,
  lfm2: convolutionLayer,
  qwen35: deltaNetLayer,
};

/** Name of the last norm, where it differs from the usual one. */
const LAST_NORMS: Readonly<Record<string, string>> = { lfm2: "token_embd_norm" };

/** Architectures whose shapes can be planned. */
export const SHAPED_ARCHITECTURES: readonly string[] = Object.keys(LAYERS);

/** Lists all tensors of a model, or returns null for an architecture whose tensors are not known. */
export function shapeTensors(shape: ModelShape): ShapeTensor[] | null {
  const layer = Object.hasOwn(LAYERS, shape.architecture) ? LAYERS[shape.architecture] : undefined;
  if (layer === undefined) return null;
  const { embedding_length, vocabulary_size, layer_count, layer_embedding_length: own } = shape;
  return [
    matrix("token_embd", embedding_length, vocabulary_size),
    floats(`${LAST_NORMS[shape.architecture] ?? "output_norm"}.weight`, embedding_length),
    ...(shape.has_separate_output ? [matrix("output", embedding_length, vocabulary_size)] : []),
    ...(own === undefined
      ? []
      : [
          matrix("per_layer_token_embd", own * layer_count, vocabulary_size),
          matrix("per_layer_model_proj", embedding_length, own * layer_count),
          floats("per_layer_proj_norm.weight", own),
        ]),
    ...Array.from({ length: layer_count }, (_, index) => layer(shape, index)).flat(),
  ];
}

/** Whether a layer sees only a window of the context, in a model whose shape states the period. */
export function isWindowed({ window_period: period }: ModelShape, index: number): boolean {
  return period !== undefined && index % period < period - 1;
}

/** Length of the feed-forward part of a layer, which may differ in layers without a cache of their own. */
export function feedForwardLength(shape: ModelShape, index: number): number {
  const { feed_forward_length: usual, shared_feed_forward_length: shared = usual } = shape;
  return isShared(shape, index) ? shared : usual;
}

function isShared({ shared_layer_count = 0, layer_count }: ModelShape, index: number): boolean {
  return index >= layer_count - shared_layer_count;
}

function matrix(name: string, ...shape: number[]): ShapeTensor {
  return { name: `${name}.weight`, type: "f16", shape };
}

function floats(name: string, ...shape: number[]): ShapeTensor {
  return { name, type: "f32", shape };
}

function norm(index: number, name: string, length: number): ShapeTensor {
  return floats(`blk.${index}.${name}.weight`, length);
}

function attention(shape: ModelShape, index: number, queryFactor = 1): ShapeTensor[] {
  const { embedding_length, head_count, kv_head_count, head_length } = shape;
  const queryLength = head_count * head_length;
  const kvLength = kv_head_count * head_length;
  return [
    matrix(`blk.${index}.attn_q`, embedding_length, queryFactor * queryLength),
    matrix(`blk.${index}.attn_k`, embedding_length, kvLength),
    matrix(`blk.${index}.attn_v`, embedding_length, kvLength),
    matrix(`blk.${index}.attn_output`, queryLength, embedding_length),
  ];
}

function headNorms(index: number, length: number): ShapeTensor[] {
  return [norm(index, "attn_q_norm", length), norm(index, "attn_k_norm", length)];
}

function residualNorms({ embedding_length }: ModelShape, index: number): ShapeTensor[] {
  return [norm(index, "post_attention_norm", embedding_length), norm(index, "post_ffw_norm", embedding_length)];
}

function feedForward({ embedding_length }: ModelShape, index: number, length: number): ShapeTensor[] {
  return [
    matrix(`blk.${index}.ffn_gate`, embedding_length, length),
    matrix(`blk.${index}.ffn_up`, embedding_length, length),
    matrix(`blk.${index}.ffn_down`, length, embedding_length),
  ];
}

function plainLayer(shape: ModelShape, index: number): ShapeTensor[] {
  return [
    norm(index, "attn_norm", shape.embedding_length),
    ...attention(shape, index),
    norm(index, "ffn_norm", shape.embedding_length),
    ...feedForward(shape, index, shape.feed_forward_length),
  ];
}

function fusedLayer(shape: ModelShape, index: number): ShapeTensor[] {
  const { embedding_length, head_count, kv_head_count, head_length, feed_forward_length } = shape;
  const queryLength = head_count * head_length;
  return [
    norm(index, "attn_norm", embedding_length),
    matrix(`blk.${index}.attn_qkv`, embedding_length, queryLength + 2 * kv_head_count * head_length),
    matrix(`blk.${index}.attn_output`, queryLength, embedding_length),
    norm(index, "ffn_norm", embedding_length),
    matrix(`blk.${index}.ffn_down`, feed_forward_length, embedding_length),
    matrix(`blk.${index}.ffn_up`, embedding_length, 2 * feed_forward_length),
  ];
}

function convolutionLayer(shape: ModelShape, index: number): ShapeTensor[] {
  const { embedding_length, attention_layers = [], convolution_length = 0 } = shape;
  return [
    norm(index, "attn_norm", embedding_length),
    ...(attention_layers.includes(index)
      ? [...headNorms(index, shape.head_length), ...attention(shape, index)]
      : [
          floats(`blk.${index}.shortconv.conv.weight`, convolution_length, embedding_length),
          matrix(`blk.${index}.shortconv.in_proj`, embedding_length, 3 * embedding_length),
          matrix(`blk.${index}.shortconv.out_proj`, embedding_length, embedding_length),
        ]),
    norm(index, "ffn_norm", embedding_length),
    ...feedForward(shape, index, shape.feed_forward_length),
  ];
}

function deltaNetLayer(shape: ModelShape, index: number): ShapeTensor[] {
  const { embedding_length, attention_interval = 1, convolution_length = 0 } = shape;
  const { state_head_count: heads = 0, state_group_count: groups = 0, state_length: state = 0 } = shape;
  const common = [
    norm(index, "attn_norm", embedding_length),
    norm(index, "post_attention_norm", embedding_length),
    ...feedForward(shape, index, shape.feed_forward_length),
  ];
  if ((index + 1) % attention_interval === 0) {
    return [...common, ...attention(shape, index, 2), ...headNorms(index, shape.head_length)];
  }
  const convolved = state * (2 * groups + heads);
  return [
    ...common,
    matrix(`blk.${index}.attn_qkv`, embedding_length, convolved),
    matrix(`blk.${index}.attn_gate`, embedding_length, state * heads),
    floats(`blk.${index}.ssm_conv1d.weight`, convolution_length, convolved),
    floats(`blk.${index}.ssm_dt.bias`, heads),
    floats(`blk.${index}.ssm_a`, heads),
    matrix(`blk.${index}.ssm_beta`, embedding_length, heads),
    matrix(`blk.${index}.ssm_alpha`, embedding_length, heads),
    floats(`blk.${index}.ssm_norm.weight`, state),
    matrix(`blk.${index}.ssm_out`, state * heads, embedding_length),
  ];
}

function gemma4Layer(shape: ModelShape, index: number): ShapeTensor[] {
  const { embedding_length, window_head_length, layer_embedding_length: own = 0 } = shape;
  const head_length = isWindowed(shape, index) ? (window_head_length ?? shape.head_length) : shape.head_length;
  const parts = attention({ ...shape, head_length }, index);
  return [
    norm(index, "attn_norm", embedding_length),
    ...(isShared(shape, index) ? parts.filter(({ name }) => !/attn_[kv]\./.test(name)) : parts),
    ...headNorms(index, head_length),
    ...residualNorms(shape, index),
    norm(index, "ffn_norm", embedding_length),
    ...feedForward(shape, index, feedForwardLength(shape, index)),
    matrix(`blk.${index}.inp_gate`, embedding_length, own),
    matrix(`blk.${index}.proj`, own, embedding_length),
    norm(index, "post_norm", embedding_length),
  ];
}
