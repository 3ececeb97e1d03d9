import type { GgufHeader, GgufTensor } from "../formats/gguf/gguf-header.js";
import { isExpertMatrix, isLookupTable, vocabularyMatrices } from "../formats/gguf/tensor-names.js";
import { significantShape } from "../formats/significant-shape.js";

/** Types that a CPU with a feature keeps in an order of its own, and the number that its rows must be a multiple of. */
interface RepackRule {
  feature: string;
  rowsByType: Readonly<Record<string, number>>;
}

/** llama.cpp 0.5.0. An ARM CPU without dot products repacks nothing. */
const RULES: readonly RepackRule[] = [
  { feature: "avx2", rowsByType: { q4_0: 8, q4_k: 8, iq4_nl: 8, mxfp4: 8 } },
  { feature: "avx512f", rowsByType: { q2_k: 8 } },
  {
    feature: "asimddp",
    rowsByType: { q4_0: 4, q4_k: 8, q5_k: 8, q6_k: 8, q8_0: 4, iq4_nl: 4, mxfp4: 4, q1_0: 4 },
  },
];

/** Tensors that are copied into another order when a model is loaded. */
export interface RepackedTensors {
  /** Tensors that are copied, in addition to the file when that is mapped. */
  copied: readonly GgufTensor[];
  /** The embedding, where it serves as output matrix too and is copied for that; it stays in place as well. */
  tiedEmbedding: GgufTensor | null;
}

/**
 * Lists the tensors that the engine keeps in another order than the file, on a CPU with these features (names as in
 * /proc/cpuinfo: `avx2`, `asimddp`). Null for features that are not known: everything that any CPU copies.
 */
export function repackedTensors(header: GgufHeader, cpuFeatures: readonly string[] | null): RepackedTensors {
  const rules = RULES.filter(({ feature }) => cpuFeatures === null || cpuFeatures.includes(feature));
  const isCopied = ({ type, shape }: GgufTensor) =>
    rules.some(({ rowsByType }) => {
      const rows = rowsByType[type];
      return rows !== undefined && (shape[1] ?? 1) % rows === 0;
    });
  const isMultiplied = ({ name, shape }: GgufTensor) =>
    name.endsWith(".weight") &&
    !isLookupTable(name) &&
    significantShape(shape).length === (isExpertMatrix(name) ? 3 : 2);
  const { output, embedding } = vocabularyMatrices(header);
  return {
    copied: header.tensors.filter((tensor) => isMultiplied(tensor) && isCopied(tensor)),
    tiedEmbedding: output === undefined && embedding !== undefined && isCopied(embedding) ? embedding : null,
  };
}
