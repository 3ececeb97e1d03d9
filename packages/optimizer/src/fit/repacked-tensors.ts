import type { GgufHeader, GgufTensor } from "../formats/gguf/gguf-header.js";
import { isExpertMatrix, isLookupTable, vocabularyMatrices } from "../formats/gguf/tensor-names.js";
import { significantShape } from "../formats/significant-shape.js";

/** Types that are repacked on a CPU with a feature, each with the number that must divide the row count. */
interface RepackRule {
  feature: string;
  rowsByType: Readonly<Record<string, number>>;
}

/** Rules of llama.cpp 0.5.0. On ARM CPUs without dot products nothing is repacked. */
const RULES: readonly RepackRule[] = [
  { feature: "avx2", rowsByType: { q4_0: 8, q4_k: 8, iq4_nl: 8, mxfp4: 8 } },
  { feature: "avx512f", rowsByType: { q2_k: 8 } },
  {
    feature: "asimddp",
    rowsByType: { q4_0: 4, q4_k: 8, q5_k: 8, q6_k: 8, q8_0: 4, iq4_nl: 4, mxfp4: 4, q1_0: 4 },
  },
];

/** Tensors that are copied into another memory layout when a model is loaded. */
export interface RepackedTensors {
  /** Tensors that are copied. A mapped file holds them a second time. */
  copied: readonly GgufTensor[];
  /** The embedding, if it is also the output matrix and copied for that; the original stays in place. */
  tiedEmbedding: GgufTensor | null;
}

/**
 * Lists the tensors that the engine repacks on a CPU with these features (names as in /proc/cpuinfo: `avx2`,
 * `asimddp`). For unknown features (null) it lists every tensor that any CPU would repack.
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
