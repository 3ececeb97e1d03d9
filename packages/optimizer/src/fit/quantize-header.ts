import type { GgufHeader, GgufTensor } from "../formats/gguf/gguf-header.js";
import { EMBEDDING_NAME, OUTPUT_NAME } from "../formats/gguf/tensor-names.js";
import { significantShape } from "../formats/significant-shape.js";
import { bytesOfWeights, type TensorType, tensorTypeNamed } from "../formats/tensor-types.js";

/** Best first. Below three bits the replies get much worse, and ARM CPUs get slower. */
export const QUANTIZATION_TYPES = ["q8_0", "q6_k", "q5_k", "q4_k", "q3_k"] as const;

/** Replacements for a type whose blocks the row length does not fill, as in llama-quantize. */
const FALLBACKS: Readonly<Record<string, string>> = { q6_k: "q8_0", q5_k: "q5_1", q4_k: "q5_0", q3_k: "q4_0" };
/** Smallest type of the output matrix, which loses most by quantization. */
const OUTPUT_TYPE = "q6_k";
const OUTPUT_MATRICES: ReadonlySet<string> = new Set([OUTPUT_NAME, EMBEDDING_NAME]);

/**
 * Returns the header of the same model after its matrices are quantized to `type`. Tensors that are already smaller
 * stay unchanged. Sizes are those of a uniform quantization; mixed ones differ by a few percent.
 */
export function quantizeHeader(header: GgufHeader, type: string): GgufHeader {
  const tensors = header.tensors.map((tensor) => quantizeTensor(tensor, type));
  const saved = sumOfBytes(header.tensors) - sumOfBytes(tensors);
  let offset = header.data_offset;
  const placed = tensors.map((tensor) => {
    const at = offset;
    offset += Math.ceil(tensor.bytes / header.alignment_bytes) * header.alignment_bytes;
    return { ...tensor, offset: at, part: 0 };
  });
  return { ...header, tensors: placed, file_bytes: header.file_bytes - saved };
}

function quantizeTensor(tensor: GgufTensor, type: string): GgufTensor {
  if (significantShape(tensor.shape).length < 2 || !tensor.name.endsWith(".weight")) return tensor;
  const wanted = OUTPUT_MATRICES.has(tensor.name) && type !== "q8_0" ? OUTPUT_TYPE : type;
  const target = storable(tensorTypeNamed(wanted), tensor.shape[0] ?? 1);
  if (target === null || bitsOf(target) >= bitsOf(tensorTypeNamed(tensor.type))) return tensor;
  return { ...tensor, type: target.name, bytes: bytesOfWeights(target, tensor.weights) };
}

/** Returns the type, or its fallback for rows of this length; null if no fallback can store such rows. */
function storable(type: TensorType, rowLength: number): TensorType | null {
  if (rowLength % type.weightsPerBlock === 0) return type;
  const fallback = FALLBACKS[type.name];
  return fallback === undefined ? null : storable(tensorTypeNamed(fallback), rowLength);
}

function bitsOf({ bytesPerBlock, weightsPerBlock }: TensorType): number {
  return (bytesPerBlock * 8) / weightsPerBlock;
}

function sumOfBytes(tensors: readonly GgufTensor[]): number {
  return tensors.reduce((sum, { bytes }) => sum + bytes, 0);
}
