import { ENGINE_HOST } from "@nanoagent/optimizer";

/** Memory beside the weights of a model whose shape is not known: caches, buffers and vocabulary. */
const BASE_BYTES = 300e6;
const SHARE_OF_FILE = 0.25;
/** Memory beside the weights of an embedding model, which has neither a cache nor logits. */
const EMBEDDING_BASE_BYTES = 60e6;
const EMBEDDING_SHARE_OF_FILE = 0.1;

/**
 * Estimates the memory of a model from the size of its file alone, with a context of 4,096 tokens. Models of the
 * catalogue whose memory is computed from their shape need between two thirds and one and a half times as much.
 */
export function estimateMemory(fileBytes: number, isEmbedding: boolean): number {
  const host = ENGINE_HOST.pinnedBytes + ENGINE_HOST.evictableBytes;
  const beside = isEmbedding
    ? EMBEDDING_BASE_BYTES + host + fileBytes * EMBEDDING_SHARE_OF_FILE
    : BASE_BYTES + fileBytes * SHARE_OF_FILE;
  return Math.round(fileBytes + beside);
}
