import { tensorTypeNamed } from "../formats/tensor-types.js";
import { cacheCells } from "./kv-cache.js";
import { type BufferLayout, layOutBuffers } from "./lay-out-buffers.js";
import type { TransformerShape } from "./transformer-shape.js";
import { transformerSteps } from "./transformer-steps.js";

/** Architectures whose computation is not known step by step get so much more than a plain transformer takes. */
const ESTIMATE_FACTOR = 1.25;
/** Heads whose length is a multiple of it are turned before they are stored in a quantized cache. */
const ROTATED_HEAD_MULTIPLE = 64;

/** How a model is to be run. */
export interface ComputeSettings {
  contextTokens: number;
  batchTokens: number;
  kvType: string;
}

/** How many tokens are read at once: never more than the context holds. */
export function effectiveBatchTokens({ batchTokens, contextTokens }: ComputeSettings): number {
  return Math.min(batchTokens, contextTokens);
}

/**
 * The buffer that the model computes in. Reserved is what llama.cpp reserves: room for the logits of every token of a
 * batch, although only those of the last one are asked for. Resident is what a full context touches.
 */
export function computeBuffer(shape: TransformerShape, settings: ComputeSettings): BufferLayout {
  const kvHeadCount = Math.max(...shape.kvHeadCounts);
  const layout = layOutBuffers(
    transformerSteps({
      layerCount: shape.layerCount,
      embeddingLength: shape.embeddingLength,
      queryLength: shape.queryLength,
      kvLength: kvHeadCount * Math.max(shape.keyHeadLength, shape.valueHeadLength),
      headLength: shape.keyHeadLength,
      feedForwardLength: shape.feedForwardLength,
      vocabularySize: shape.vocabularySize,
      batchTokens: effectiveBatchTokens(settings),
      contextCells: cacheCells(settings.contextTokens),
      rotatesHeads:
        tensorTypeNamed(settings.kvType).weightsPerBlock > 1 && shape.keyHeadLength % ROTATED_HEAD_MULTIPLE === 0,
    }),
  );
  if (shape.isExact) return layout;
  return {
    reservedBytes: Math.ceil(layout.reservedBytes * ESTIMATE_FACTOR),
    residentBytes: Math.ceil(layout.residentBytes * ESTIMATE_FACTOR),
  };
}
