import { bytesOfWeights, tensorTypeNamed } from "../formats/tensor-types.js";
import type { TransformerShape } from "./transformer-shape.js";

/** llama.cpp makes room for a multiple of so many tokens. */
export const CACHE_CELL_MULTIPLE = 256;

/** How many tokens the cache has room for when the context is to hold so many. */
export function cacheCells(contextTokens: number): number {
  return Math.ceil(contextTokens / CACHE_CELL_MULTIPLE) * CACHE_CELL_MULTIPLE;
}

/** The bytes of keys and values: cells × (key length + value length) × bytes of an element, over all layers. */
export function kvCacheBytes(shape: TransformerShape, contextTokens: number, kvType: string): number {
  const type = tensorTypeNamed(kvType);
  const heads = shape.kvHeadCounts.reduce((sum, count) => sum + count, 0);
  const elements = heads * (shape.keyHeadLength + shape.valueHeadLength);
  return cacheCells(contextTokens) * bytesOfWeights(type, elements);
}

/** Whether keys and values can be stored in a type: a head must fill whole blocks of it. */
export function storesHeads(shape: TransformerShape, kvType: string): boolean {
  const { weightsPerBlock } = tensorTypeNamed(kvType);
  return shape.keyHeadLength % weightsPerBlock === 0 && shape.valueHeadLength % weightsPerBlock === 0;
}
