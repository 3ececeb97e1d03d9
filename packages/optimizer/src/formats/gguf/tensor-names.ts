import type { GgufHeader, GgufTensor } from "./gguf-header.js";

/** Tensor names of llama.cpp, for all architectures. */
export const OUTPUT_NAME = "output.weight";
export const EMBEDDING_NAME = "token_embd.weight";

const LOOKUP_TABLE = /^(token_embd|position_embd|token_types|per_layer_token_embd)\./;
const EXPERT_MATRIX = /_exps\.weight$/;

/** Whether a tensor, judging by its name, is only looked up by row and never multiplied. */
export function isLookupTable(name: string): boolean {
  return LOOKUP_TABLE.test(name);
}

/** Whether a tensor contains the matrices of all experts of a layer. */
export function isExpertMatrix(name: string): boolean {
  return EXPERT_MATRIX.test(name);
}

/** Finds the output matrix and the embedding. Without `output`, the embedding is also the output matrix. */
export function vocabularyMatrices({ tensors }: Pick<GgufHeader, "tensors">): {
  output: GgufTensor | undefined;
  embedding: GgufTensor | undefined;
} {
  return {
    output: tensors.find(({ name }) => name === OUTPUT_NAME),
    embedding: tensors.find(({ name }) => name === EMBEDDING_NAME),
  };
}
