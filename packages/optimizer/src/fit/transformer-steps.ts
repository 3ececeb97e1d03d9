import type { ComputeStep } from "./lay-out-buffers.js";

/** What the computation of one batch depends on. */
export interface TransformerBatch {
  layerCount: number;
  embeddingLength: number;
  /** All heads of queries together, and all of keys or values. */
  queryLength: number;
  kvLength: number;
  headLength: number;
  feedForwardLength: number;
  vocabularySize: number;
  batchTokens: number;
  /** Cells of the KV cache, which the attention mask has a column for. */
  contextCells: number;
  /** Keys and values are turned before they are stored in a quantized cache, and the result is turned back. */
  rotatesHeads: boolean;
}

const FLOAT_BYTES = 4;
/** Positions in the cache are 64-bit numbers, tokens and positions in the text 32-bit ones. */
const CACHE_INDEX_BYTES = 8;
const INDEX_BYTES = 4;
/** The mask holds halves, as flash attention wants them. */
const MASK_BYTES = 2;
/** Rows whose next token is wanted: the last one of a prompt, and each one that is decoded. */
const WANTED_ROWS = 1;
/** Side of the matrix that turns values; that for keys is as large as a head, if that is a power of two. */
const LEAST_ROTATION = 64;

/**
 * What llama.cpp (v0.5.0, CPU, flash attention) computes for one batch of a llama, qwen2 or qwen3 model, in the order in
 * which it computes it. Room is reserved for the logits of every token of the batch; only {@link WANTED_ROWS} are
 * written. What only views the same bytes in another shape, and what overwrites its one operand, is left out: biases and
 * the norms of heads are. Heads get a place for their turned form of their own, since they come as such a view.
 */
export function transformerSteps(batch: TransformerBatch): ComputeStep[] {
  const { embeddingLength, queryLength, kvLength, feedForwardLength, batchTokens } = batch;
  const steps: ComputeStep[] = [];

  const add = (step: Partial<ComputeStep> & { reservedBytes: number }): number => {
    const writtenBytes = step.writtenBytes ?? step.reservedBytes;
    return steps.push({ from: [], takesRoomOf: [], isOutput: false, ...step, writtenBytes }) - 1;
  };
  const input = (reservedBytes: number, writtenBytes = reservedBytes) => add({ reservedBytes, writtenBytes });
  /** A matrix of floats with a row for each token; only as many rows are written as are wanted. */
  const rows = (
    length: number,
    from: number[],
    { takesRoomOf = [] as number[], wanted = false, isOutput = false } = {},
  ) =>
    add({
      reservedBytes: length * batchTokens * FLOAT_BYTES,
      writtenBytes: length * (wanted ? Math.min(WANTED_ROWS, batchTokens) : batchTokens) * FLOAT_BYTES,
      from,
      takesRoomOf,
      isOutput,
    });

  const tokens = input(batchTokens * INDEX_BYTES);
  // Instead of tokens their embeddings can be given: room for them is kept and, for text, never used.
  input(embeddingLength * batchTokens * FLOAT_BYTES, 0);
  const keyRotation = batch.rotatesHeads ? input(rotationOf(batch.headLength) ** 2 * FLOAT_BYTES) : null;
  const positions = input(batchTokens * INDEX_BYTES);
  const valueRotation = batch.rotatesHeads ? input(LEAST_ROTATION ** 2 * FLOAT_BYTES) : null;
  const keyPlaces = input(batchTokens * CACHE_INDEX_BYTES);
  const valuePlaces = input(batchTokens * CACHE_INDEX_BYTES);
  const mask = input(batch.contextCells * batchTokens * MASK_BYTES);
  const wantedRows = input(batchTokens * INDEX_BYTES);

  const rotated = (length: number, of: number, rotation: number | null) =>
    rotation === null ? of : rows(length, [rotation, of]);
  const normed = (of: number, { wanted = false, isOutput = false } = {}) => {
    const norm = rows(embeddingLength, [of], { takesRoomOf: [of], wanted });
    return rows(embeddingLength, [norm], { takesRoomOf: [norm], wanted, isOutput });
  };
  /** Stored in the cache, which has room of its own: nothing is written here. */
  const store = (of: number, places: number) => add({ reservedBytes: 0, from: [of, places] });

  let layerInput = rows(embeddingLength, [tokens]);
  for (let layer = 0; layer < batch.layerCount; layer++) {
    const isLast = layer === batch.layerCount - 1;
    const wanted = isLast;
    const attentionInput = normed(layerInput);
    const rawQueries = rows(queryLength, [attentionInput]);
    const placedQueries = rows(queryLength, [rawQueries, positions]);
    const queries = rotated(queryLength, placedQueries, keyRotation);
    const rawValues = rows(kvLength, [attentionInput]);
    const values = rotated(kvLength, rawValues, valueRotation);
    const rawKeys = rows(kvLength, [attentionInput]);
    const placedKeys = rows(kvLength, [rawKeys, positions]);
    const keys = rotated(kvLength, placedKeys, keyRotation);
    store(keys, keyPlaces);
    store(values, valuePlaces);
    const attended = rotated(queryLength, rows(queryLength, [queries, mask]), valueRotation);
    let projected = rows(embeddingLength, [attended]);
    let residual = layerInput;
    if (isLast) {
      projected = rows(embeddingLength, [projected, wantedRows], { wanted });
      residual = rows(embeddingLength, [layerInput, wantedRows], { wanted });
    }
    const feedForwardInput = rows(embeddingLength, [projected, residual], {
      takesRoomOf: [projected, residual],
      wanted,
    });
    const feedForwardNormed = normed(feedForwardInput, { wanted });
    const gate = rows(feedForwardLength, [feedForwardNormed], { wanted });
    const up = rows(feedForwardLength, [feedForwardNormed], { wanted });
    const gated = rows(feedForwardLength, [gate, up], { wanted });
    const down = rows(embeddingLength, [gated], { wanted });
    layerInput = rows(embeddingLength, [down, feedForwardInput], { takesRoomOf: [down, feedForwardInput], wanted });
  }
  const result = normed(layerInput, { wanted: true, isOutput: true });
  rows(batch.vocabularySize, [result], { wanted: true, isOutput: true });
  return steps;
}

/** The largest power of two, at least 64, that divides the length of a head. */
function rotationOf(headLength: number): number {
  let side = LEAST_ROTATION;
  while (headLength % (side * 2) === 0) side *= 2;
  return side;
}
