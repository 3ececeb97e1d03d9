import { type GgufHeader, type GgufTensor, quantizeHeader } from "@nanoagent/optimizer";

/** Types that a quantization gives to the matrices of a model. */
interface QuantizationMix {
  /** Type of most matrices; null: unchanged. */
  type: string | null;
  /** Type of values and of the end of the feed-forward part in the layers that matter most. Absent: `type`. */
  important?: string | undefined;
  /** Type of fused queries, keys and values. Absent: `type`. */
  fused?: string | undefined;
  /** Bits per weight, to compare quantizations of one model. */
  bits: number;
}

/** Quantizations by label, as llama.cpp's own tool makes them. Labels without a row are not planned from a shape. */
const MIXES: Readonly<Record<string, QuantizationMix>> = {
  BF16: { type: null, bits: 16 },
  F16: { type: null, bits: 16 },
  Q8_0: { type: "q8_0", bits: 8.5 },
  Q6_K: { type: "q6_k", bits: 6.56 },
  Q5_K_M: { type: "q5_k", important: "q6_k", fused: "q6_k", bits: 5.7 },
  Q5_K_S: { type: "q5_k", bits: 5.5 },
  Q4_K_M: { type: "q4_k", important: "q6_k", fused: "q5_k", bits: 4.85 },
  Q4_1: { type: "q4_1", bits: 5 },
  Q4_K_S: { type: "q4_k", bits: 4.6 },
  Q4_0: { type: "q4_0", bits: 4.5 },
};

const IMPORTANT = /\.(?:attn_v|ffn_down)\.weight$/;
const FUSED = /\.attn_qkv\.weight$/;
/** Embeddings that every layer has of its own: always stored like the output matrix. */
const LAYER_EMBEDDING = "per_layer_token_embd.weight";
const LAYER_EMBEDDING_TYPE = "q6_k";
/** Matrices that keep their type. */
const KEPT = new Set(["per_layer_model_proj.weight"]);

/** Bits per weight of a quantization; null for a label without a row. */
export function quantizationBits(label: string): number | null {
  return mixOf(label)?.bits ?? null;
}

/** Returns the header of an unquantized model after a quantization; null for a label without a row. */
export function mixQuantization(header: GgufHeader, label: string): GgufHeader | null {
  const mix = mixOf(label);
  if (mix === null) return null;
  if (mix.type === null) return header;
  const { type, important = type, fused = type } = mix;
  const plain = withPlainEmbedding(header);
  const tensorsOf = new Map<string, readonly GgufTensor[]>();
  const quantized = (as: string, index: number): GgufTensor | undefined => {
    const tensors = tensorsOf.get(as) ?? quantizeHeader(plain, as).tensors;
    tensorsOf.set(as, tensors);
    return tensors[index];
  };
  const layerCount = header.shape.block_count ?? 1;
  const tensors = header.tensors.map((tensor, index): GgufTensor => {
    const { name } = tensor;
    if (KEPT.has(name)) return tensor;
    const layer = Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? 0);
    const matters = IMPORTANT.test(name) && usesMoreBits(layer, layerCount);
    const own = FUSED.test(name) ? fused : matters ? important : type;
    const as = name === LAYER_EMBEDDING && type !== "q8_0" ? LAYER_EMBEDDING_TYPE : own;
    return { ...(quantized(as, index) ?? tensor), name };
  });
  return { ...header, tensors };
}

/** Hides the name of an embedding that is not the output matrix as well: it gets the type of most matrices. */
function withPlainEmbedding(header: GgufHeader): GgufHeader {
  if (!header.tensors.some(({ name }) => name === "output.weight")) return header;
  const rename = (tensor: GgufTensor) =>
    tensor.name === "token_embd.weight" ? { ...tensor, name: "embedding.weight" } : tensor;
  return { ...header, tensors: header.tensors.map(rename) };
}

/** Whether the matrices of a layer matter most: those of the first and last eighth, and every third between. */
function usesMoreBits(layer: number, layerCount: number): boolean {
  const eighth = Math.floor(layerCount / 8);
  return layer < eighth || layer >= Math.floor((7 * layerCount) / 8) || (layer - eighth) % 3 === 2;
}

function mixOf(label: string): QuantizationMix | null {
  return Object.hasOwn(MIXES, label) ? (MIXES[label] ?? null) : null;
}
