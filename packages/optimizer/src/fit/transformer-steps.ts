import type { ComputeFamily } from "../architectures/architecture-table.js";
import type {
  AttentionShape,
  FeedForwardShape,
  LatentAttentionShape,
  LayerShape,
  RecurrentShape,
} from "../architectures/layer-shape.js";
import type { ComputeStep } from "./lay-out-buffers.js";

/** Parameters of the computation of one batch. */
export interface TransformerBatch {
  family: ComputeFamily;
  layers: readonly LayerShape[];
  embeddingLength: number;
  vocabularySize: number;
  batchTokens: number;
  /** Cells of the KV cache. The attention mask has one column for each. */
  contextCells: number;
  /** Cells of the cache of layers with a window; null if no layer has one. */
  windowCells: number | null;
  /** Whether keys and values are rotated before they are stored in a quantized cache, and the result rotated back. */
  rotatesHeads: boolean;
}

const FLOAT_BYTES = 4;
/** Cache positions are 64-bit integers; tokens and text positions are 32-bit integers. */
const CACHE_INDEX_BYTES = 8;
const INDEX_BYTES = 4;
/** Mask elements are 16-bit floats, as flash attention requires. */
const MASK_BYTES = 2;
/** Rows with logits per batch: the last row of a prompt, or the one decoded row. */
const WANTED_ROWS = 1;
/** Side of the rotation matrix of values. That of keys is as long as a head, if that is a power of two. */
const MIN_ROTATION = 64;

interface RowOptions {
  takesRoomOf?: readonly number[];
  /** Writes only the rows with logits. */
  wanted?: boolean;
  isOutput?: boolean;
}

/**
 * Lists the steps that llama.cpp (v0.5.0, CPU, flash attention) computes for one batch, in order. Buffers are reserved
 * for the logits of every token of the batch; only {@link WANTED_ROWS} rows are written. Views and steps that overwrite
 * their only operand are left out: biases, head norms, and norms after a layer. A view is never overwritten: rotated
 * heads get a separate buffer.
 */
export function transformerSteps(batch: TransformerBatch): ComputeStep[] {
  const { family, embeddingLength, batchTokens } = batch;
  const steps: ComputeStep[] = [];

  const add = (step: Partial<ComputeStep> & { reservedBytes: number }): number => {
    const writtenBytes = step.writtenBytes ?? step.reservedBytes;
    return steps.push({ from: [], takesRoomOf: [], isOutput: false, ...step, writtenBytes }) - 1;
  };
  const input = (reservedBytes: number, writtenBytes = reservedBytes) => add({ reservedBytes, writtenBytes });
  /** Adds a float matrix with one row per token. */
  const rows = (length: number, from: readonly number[], options: RowOptions = {}) => {
    const { takesRoomOf = [], wanted = false, isOutput = false } = options;
    return add({
      reservedBytes: length * batchTokens * FLOAT_BYTES,
      writtenBytes: length * (wanted ? Math.min(WANTED_ROWS, batchTokens) : batchTokens) * FLOAT_BYTES,
      from,
      takesRoomOf,
      isOutput,
    });
  };
  const floats = (count: number, from: readonly number[]) => add({ reservedBytes: count * FLOAT_BYTES, from });
  const normed = (of: number, { wanted = false, isOutput = false } = {}) => {
    const norm = rows(embeddingLength, [of], { takesRoomOf: [of], wanted });
    return rows(embeddingLength, [norm], { takesRoomOf: [norm], wanted, isOutput });
  };
  /** Adds a write to a cache, which has its own memory: nothing is written to this buffer. */
  const store = (from: readonly number[]) => add({ reservedBytes: 0, from });

  const mixers = batch.layers.map(({ mixer }) => mixer);
  const attention = mixers.find((mixer) => mixer.kind === "attention");
  /** Adds the inputs of one cache: rotation matrices, cells for new tokens, and the mask of visible cells. */
  const cacheInputs = (cells: number) => {
    const turns = batch.rotatesHeads && attention !== undefined;
    const keyRotation = turns ? input(rotationOf(attention.keyHeadLength) ** 2 * FLOAT_BYTES) : null;
    placed();
    return {
      keyRotation,
      valueRotation: turns ? input(MIN_ROTATION ** 2 * FLOAT_BYTES) : null,
      keyPlaces: input(batchTokens * CACHE_INDEX_BYTES),
      valuePlaces: attention === undefined ? null : input(batchTokens * CACHE_INDEX_BYTES),
      mask: input(cells * batchTokens * MASK_BYTES),
    };
  };
  let positions: number | null = null;
  const placed = () => {
    positions ??= input(batchTokens * INDEX_BYTES * (family.positionsPerToken ?? 1));
    return positions;
  };

  // Inputs are added in the order in which the layers first use them.
  const tokens = input(batchTokens * INDEX_BYTES);
  // A batch can contain embeddings instead of tokens: the buffer is reserved and, for text, never used.
  input(embeddingLength * batchTokens * FLOAT_BYTES, 0);
  let whole: ReturnType<typeof cacheInputs> | null = null;
  let windowed: ReturnType<typeof cacheInputs> | null = null;
  let statePlaces: number | null = null;
  for (const { mixer, beside } of batch.layers) {
    if (beside !== undefined || (mixer.kind !== "attention" && mixer.kind !== "latent-attention"))
      statePlaces ??= input(INDEX_BYTES);
    if (mixer.kind === "attention" && mixer.windowTokens !== null && batch.windowCells !== null) {
      windowed ??= cacheInputs(batch.windowCells);
    } else if (mixer.kind === "attention" || mixer.kind === "latent-attention")
      whole ??= cacheInputs(batch.contextCells);
  }
  const wantedRows = input(batchTokens * INDEX_BYTES);

  const rotated = (length: number, of: number, rotation: number | null | undefined) =>
    rotation === null || rotation === undefined ? of : rows(length, [rotation, of]);
  const defined = (...inputs: (number | null | undefined)[]) => inputs.filter((one) => typeof one === "number");

  /** The last steps of a mixer, added when its result is needed, and whether that result is a view. */
  interface Mixed {
    finish: () => number;
    isView: boolean;
  }

  const attend = (mixer: AttentionShape, from: number): Mixed => {
    const cache = mixer.windowTokens === null ? whole : windowed;
    const queryLength = mixer.headCount * mixer.keyHeadLength;
    const [keyLength, valueLength] = [
      mixer.kvHeadCount * mixer.keyHeadLength,
      mixer.kvHeadCount * mixer.valueHeadLength,
    ];
    const fused = family.hasFusedMatrices ? rows(queryLength + keyLength + valueLength, [from]) : null;
    const gated = family.gatesAttention ? rows(2 * queryLength, [from]) : null;
    const queries = () => {
      const raw = fused ?? gated ?? rows(queryLength, [from]);
      return rotated(queryLength, rows(queryLength, [raw, placed()]), cache?.keyRotation);
    };
    const values = () => rotated(valueLength, fused ?? rows(valueLength, [from]), cache?.valueRotation);
    const keys = () =>
      rotated(keyLength, rows(keyLength, [fused ?? rows(keyLength, [from]), placed()]), cache?.keyRotation);
    const query = queries();
    if (mixer.ownsCache) {
      // In models with windows, keys are computed before values.
      const keyFirst = windowed === null ? null : keys();
      const value = values();
      const key = keyFirst ?? keys();
      store([key, ...defined(cache?.keyPlaces)]);
      store([value, ...defined(cache?.valuePlaces)]);
    }
    const attendedLength = mixer.headCount * mixer.valueHeadLength;
    let attended = rows(attendedLength, [query, ...defined(cache?.mask)]);
    attended = rotated(attendedLength, attended, cache?.valueRotation);
    if (gated !== null) {
      const gate = rows(queryLength, [gated]);
      attended = rows(queryLength, [attended, gate], { takesRoomOf: [gate] });
    }
    return { finish: () => rows(embeddingLength, [attended]), isView: false };
  };

  const attendToLatent = (mixer: LatentAttentionShape, from: number): Mixed => {
    const { headCount, latentLength, turnedLength, keyHeadLength, valueHeadLength } = mixer;
    const raw = rows(headCount * keyHeadLength, [from]);
    const absorbed = rows(headCount * latentLength, [raw]);
    const turned = rows(headCount * turnedLength, [raw, placed()]);
    const query = rows(headCount * (latentLength + turnedLength), [absorbed, turned]);
    const compressed = rows(latentLength + turnedLength, [from]);
    const latent = rows(latentLength, [compressed]);
    const turnedKey = rows(turnedLength, [compressed, placed()]);
    const key = rows(latentLength + turnedLength, [latent, turnedKey]);
    store([key, ...defined(whole?.keyPlaces)]);
    const attended = rows(headCount * latentLength, [query, ...defined(whole?.mask)]);
    const values = rows(headCount * valueHeadLength, [attended]);
    const inOrder = rows(headCount * valueHeadLength, [values]);
    return { finish: () => rows(embeddingLength, [inOrder]), isView: false };
  };

  const keepTokens = ({ convolutionNumbers }: RecurrentShape) => floats(convolutionNumbers, defined(statePlaces));

  const convolve = (mixer: RecurrentShape, kept: number, from: number): Mixed => {
    const parts = rows(3 * embeddingLength, [from]);
    const product = rows(embeddingLength, [parts]);
    const keptTokens = mixer.convolutionNumbers / embeddingLength;
    const convolved = floats(embeddingLength * (batchTokens + keptTokens), [kept, product]);
    store([convolved]);
    const finish = () => {
      const result = rows(embeddingLength, [convolved]);
      const gated = rows(embeddingLength, [parts, result], { takesRoomOf: [result] });
      return rows(embeddingLength, [gated]);
    };
    return { finish, isView: true };
  };

  const runDeltaNet = (mixer: RecurrentShape, from: number): Mixed => {
    const { convolutionNumbers, stateNumbers, convolvedLength, innerLength, headCount } = mixer;
    const keyLength = (convolvedLength - innerLength) / 2;
    const kept = keepTokens(mixer);
    // Other recurrences compute the convolved part and the rest with one matrix.
    const projected = mixer.kind === "recurrence" ? rows(innerLength + convolvedLength + headCount, [from]) : null;
    const mixed = projected ?? rows(convolvedLength, [from]);
    const convolved = floats(convolvedLength * batchTokens + convolutionNumbers, [kept, mixed]);
    store([convolved]);
    const state = floats(stateNumbers, defined(statePlaces));
    const activated = rows(convolvedLength, [convolved]);
    const query = rows(keyLength, [activated]);
    const key = rows(keyLength, [activated]);
    const decay = rows(headCount, [rows(headCount, [from])]);
    const strength = rows(headCount, [rows(headCount, [from])]);
    const output = floats(innerLength * batchTokens + stateNumbers, [query, key, activated, decay, strength, state]);
    store([output]);
    const result = rows(innerLength, [output]);
    const gate = rows(innerLength, [projected ?? rows(innerLength, [from])]);
    const gated = rows(innerLength, [result, gate], { takesRoomOf: [result] });
    return { finish: () => rows(embeddingLength, [gated]), isView: true };
  };

  /** State of the next short convolution. It is fetched before the previous layer is finished. */
  let fetched: number | null = null;
  const fetchFor = (mixer: LayerShape["mixer"] | undefined) => {
    if (mixer?.kind === "short-convolution") fetched = keepTokens(mixer);
  };

  const mix = (mixer: LayerShape["mixer"], from: number): Mixed => {
    switch (mixer.kind) {
      case "attention":
        return attend(mixer, from);
      case "latent-attention":
        return attendToLatent(mixer, from);
      case "short-convolution":
        return convolve(mixer, fetched ?? keepTokens(mixer), from);
      default:
        return runDeltaNet(mixer, from);
    }
  };

  const feedDense = (length: number, from: number, wanted: boolean): number => {
    if (family.hasFusedMatrices) {
      const both = rows(2 * length, [from], { wanted });
      return rows(embeddingLength, [rows(length, [both], { wanted })], { wanted });
    }
    const gate = rows(length, [from], { wanted });
    const up = rows(length, [from], { wanted });
    return rows(embeddingLength, [rows(length, [gate, up], { wanted })], { wanted });
  };

  const feedExperts = (shape: FeedForwardShape, from: number, wanted: boolean): number => {
    const { expertCount, usedExperts: used } = shape;
    const shares = rows(expertCount, [from], { wanted });
    const order = rows(expertCount, [shares], { wanted });
    let weights = rows(used, [shares, order], { wanted });
    if (family.normalizesExperts) weights = rows(used, [weights, rows(1, [weights], { wanted })], { wanted });
    const gate = rows(used * shape.length, [from, order], { wanted });
    const up = rows(used * shape.length, [from, order], { wanted });
    const gated = rows(used * shape.length, [gate, up], { wanted });
    const down = rows(used * embeddingLength, [gated, order], { wanted });
    const weighted = rows(used * embeddingLength, [down, weights], { takesRoomOf: [down], wanted });
    // The part of each expert is a view: the sum gets a separate buffer, which it then overwrites.
    const readers = new Array<number>(Math.max(1, used)).fill(weighted);
    const sum = rows(embeddingLength, readers, { wanted });
    if (shape.sharedLength === 0) return sum;
    const shared = feedDense(shape.sharedLength, from, wanted);
    return rows(embeddingLength, [sum, shared], { takesRoomOf: [sum, shared], wanted });
  };

  let layerInput = rows(embeddingLength, [tokens]);
  fetchFor(batch.layers[0]?.mixer);
  for (const [index, layer] of batch.layers.entries()) {
    const wanted = index === batch.layers.length - 1 && !family.choosesRowsLast;
    const mixerInput = normed(layerInput);
    const beside = layer.beside === undefined ? null : runDeltaNet(layer.beside, mixerInput).finish();
    const mixed = mix(layer.mixer, mixerInput);
    fetchFor(batch.layers[index + 1]?.mixer);
    const chosen = (of: number) => (wanted ? rows(embeddingLength, [of, wantedRows], { wanted }) : of);
    const residualFirst = family.addsResidualFirst === "everywhere";
    const early = residualFirst ? chosen(layerInput) : null;
    const finished = mixed.finish();
    const projected = chosen(
      beside === null ? finished : rows(embeddingLength, [finished, beside], { takesRoomOf: [finished] }),
    );
    const residual = early ?? chosen(layerInput);
    const operands = residualFirst ? [residual, projected] : [projected, residual];
    const feedForwardInput = rows(embeddingLength, operands, {
      takesRoomOf: operands.filter((operand) => operand === residual || wanted || !mixed.isView),
      wanted,
    });
    const feedForwardNormed = normed(feedForwardInput, { wanted });
    const fed =
      layer.feedForward.expertCount > 0
        ? feedExperts(layer.feedForward, feedForwardNormed, wanted)
        : feedDense(layer.feedForward.length, feedForwardNormed, wanted);
    const sum = family.addsResidualFirst ? [feedForwardInput, fed] : [fed, feedForwardInput];
    layerInput = rows(embeddingLength, sum, { takesRoomOf: sum, wanted });
  }
  let result: number;
  if (family.choosesRowsLast) {
    result = rows(embeddingLength, [normed(layerInput, { isOutput: true }), wantedRows], {
      wanted: true,
      isOutput: true,
    });
  } else {
    result = normed(layerInput, { wanted: true, isOutput: true });
  }
  rows(batch.vocabularySize, [result], { wanted: true, isOutput: true });
  return steps;
}

/** Returns the largest power of two that divides the head length, at least 64. */
function rotationOf(headLength: number): number {
  let side = MIN_ROTATION;
  while (headLength % (side * 2) === 0) side *= 2;
  return side;
}
