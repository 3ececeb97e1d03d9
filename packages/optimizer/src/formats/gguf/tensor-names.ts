import type { GgufHeader, GgufTensor } from "./gguf-header.js";

/** Names that llama.cpp gives to tensors of every architecture. */
export const OUTPUT_NAME = "output.weight";
export const EMBEDDING_NAME = "token_embd.weight";

const LOOKUP_TABLE = /^(token_embd|position_embd|token_types|per_layer_token_embd)\./;
const EXPERT_MATRIX = /_exps\.weight$/;

/** Tells whether a tensor is only looked up by row and never multiplied with, as far as its name tells. */
export function isLookupTable(name: string): boolean {
  return LOOKUP_TABLE.test(name);
}

/** Tells whether a tensor holds the matrices of all experts of a layer. */
export function isExpertMatrix(name: string): boolean {
  return EXPERT_MATRIX.test(name);
}

/**
 * The matrix that makes logits and the embedding, as far as the file has them. Without `output` the embedding serves as
 * both.
 */
export function vocabularyMatrices({ tensors }: Pick<GgufHeader, "tensors">): {
  output: GgufTensor | undefined;
  embedding: GgufTensor | undefined;
} {
  return {
    output: tensors.find(({ name }) => name === OUTPUT_NAME),
    embedding: tensors.find(({ name }) => name === EMBEDDING_NAME),
  };
}
