import type { GgufHeader } from "../formats/gguf/gguf-header.js";
import { mainType, modelWork } from "../speed/model-work.js";
import { QUANTIZATION_TYPES, quantizeHeader } from "./quantize-header.js";

/** Types that a file can be quantized to. The last one is the fastest. */
const TARGET_TYPES = [...QUANTIZATION_TYPES, "q4_0"] as const;
/** Types that a file can be quantized from. Quantizing twice adds up the losses. */
const SOURCE_TYPES: ReadonlySet<string> = new Set(["f32", "f16", "bf16", "q8_0"]);

/** A file unchanged, or as it would be in another type. */
export interface ModelVariant {
  header: GgufHeader;
  /** The type to quantize the file to; null for the unchanged file. */
  quantizeTo: string | null;
}

/** Lists the unchanged file and the types it can be quantized to, except types that another file of `models` has. */
export function modelVariants(header: GgufHeader, models: readonly GgufHeader[], mayQuantize: boolean): ModelVariant[] {
  const asItIs = { header, quantizeTo: null };
  const alike = models.filter((other) => isSameModel(header, other));
  const best = alike.reduce((most, other) => (other.file_bytes > most.file_bytes ? other : most), header);
  const matrices = header.tensors.filter(({ shape }) => shape.length >= 2);
  if (!mayQuantize || best !== header || !matrices.every(({ type }) => SOURCE_TYPES.has(type))) return [asItIs];
  const there = new Set(alike.map((other) => mainType(modelWork(other))));
  const smaller = TARGET_TYPES.filter((type) => !there.has(type)).map((type) => ({
    header: quantizeHeader(header, type),
    quantizeTo: type,
  }));
  // If the rows do not fill the blocks of a type, a fallback type replaces it. List identical results only once.
  const seen = new Set<string>();
  const isNew = (variant: { header: GgufHeader }) => {
    const types = variant.header.tensors.map(({ type }) => type).join(" ");
    const isSmaller = variant.header.file_bytes < header.file_bytes;
    return isSmaller && !seen.has(types) && seen.add(types) !== undefined;
  };
  return [asItIs, ...smaller.filter(isNew)];
}

/** Quantizations of one model have the same name, the same tensors and the same shapes. */
function isSameModel(one: GgufHeader, other: GgufHeader): boolean {
  const weights = ({ tensors }: GgufHeader) => tensors.reduce((sum, tensor) => sum + tensor.weights, 0);
  return one.architecture === other.architecture && one.name === other.name && weights(one) === weights(other);
}
