import type { TransformerShape } from "../architectures/transformer-shape.js";
import { tensorTypeNamed } from "../formats/tensor-types.js";
import { type CacheSettings, cacheCells, windowCells } from "./kv-cache.js";
import { type BufferLayout, layOutBuffers } from "./lay-out-buffers.js";
import { shortenRepeats } from "./shorten-repeats.js";
import { transformerSteps } from "./transformer-steps.js";

/** Safety factor for architectures whose computation is not known step by step. */
const ESTIMATE_FACTOR = 1.25;
/** Heads whose length is a multiple of this are rotated before they are stored in a quantized cache. */
const ROTATED_HEAD_MULTIPLE = 64;

/** Returns the batch size in tokens, limited by the context. */
export function effectiveBatchTokens({ batchTokens, contextTokens }: CacheSettings): number {
  return Math.min(batchTokens, contextTokens);
}

/**
 * Computes the size of the model's compute buffer. Reserved bytes equal those of llama.cpp, which include logits for
 * every token of a batch, although only the last one needs them. Resident bytes are those touched with a full context.
 */
export function computeBuffer(shape: TransformerShape, settings: CacheSettings): BufferLayout {
  const heads = shape.layers.map(({ mixer }) => mixer).filter((mixer) => mixer.kind === "attention");
  const window = heads.find(({ windowTokens }) => windowTokens !== null)?.windowTokens ?? null;
  const layout = layOutBuffers(
    transformerSteps({
      family: shape.family,
      layers: shortenRepeats(shape.layers),
      embeddingLength: shape.embeddingLength,
      vocabularySize: shape.vocabularySize,
      batchTokens: effectiveBatchTokens(settings),
      contextCells: cacheCells(settings.contextTokens),
      windowCells: window === null ? null : windowCells(window, settings),
      rotatesHeads:
        tensorTypeNamed(settings.kvType).weightsPerBlock > 1 &&
        heads.every(({ keyHeadLength }) => keyHeadLength % ROTATED_HEAD_MULTIPLE === 0),
    }),
  );
  if (shape.isExact) return layout;
  return {
    reservedBytes: Math.ceil(layout.reservedBytes * ESTIMATE_FACTOR),
    residentBytes: Math.ceil(layout.residentBytes * ESTIMATE_FACTOR),
  };
}
