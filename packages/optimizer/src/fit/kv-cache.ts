import type { LayerShape, RecurrentShape } from "../architectures/layer-shape.js";
import type { TransformerShape } from "../architectures/transformer-shape.js";
import { bytesOfWeights, tensorTypeNamed } from "../formats/tensor-types.js";
import { CACHE_CELL_MULTIPLE } from "../load-settings.js";

/** Recurrent state is stored as 32-bit floats. */
const STATE_NUMBER_BYTES = 4;

/** Settings that determine the size of a cache. */
export interface CacheSettings {
  contextTokens: number;
  batchTokens: number;
  kvType: string;
}

/** Returns the capacity of a context's cache, in tokens. */
export function cacheCells(contextTokens: number): number {
  return Math.ceil(contextTokens / CACHE_CELL_MULTIPLE) * CACHE_CELL_MULTIPLE;
}

/** Returns the capacity of the cache of a layer with a window, in tokens: the window and one batch. */
export function windowCells(windowTokens: number, settings: CacheSettings): number {
  const batchTokens = Math.min(settings.batchTokens, settings.contextTokens);
  return Math.min(cacheCells(settings.contextTokens), cacheCells(windowTokens + batchTokens));
}

/** Layers of a model with caches of the same size. */
export interface CacheGroup {
  layerCount: number;
  cells: number;
  windowTokens: number | null;
  /** KV heads of all these layers together, and head lengths. Latent attention has only keys. */
  heads: number;
  keyHeadLength: number;
  valueHeadLength: number;
  bytes: number;
}

/** Groups equal caches of a model. Their size is cells × (key length + value length) × bytes per element. */
export function kvCacheGroups(shape: TransformerShape, settings: CacheSettings): CacheGroup[] {
  const type = tensorTypeNamed(settings.kvType);
  const groups = new Map<string, CacheGroup>();
  for (const { mixer } of shape.layers) {
    const cached = cachedOf(mixer);
    if (cached === null) continue;
    const { windowTokens, heads, keyHeadLength, valueHeadLength } = cached;
    const key = [windowTokens, keyHeadLength, valueHeadLength].join(" ");
    const cells = windowTokens === null ? cacheCells(settings.contextTokens) : windowCells(windowTokens, settings);
    const group = groups.get(key) ?? { ...cached, layerCount: 0, cells, heads: 0, bytes: 0 };
    group.layerCount++;
    group.heads += heads;
    group.bytes += cells * bytesOfWeights(type, heads * (keyHeadLength + valueHeadLength));
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Returns the bytes of keys and values of all layers. */
export function kvCacheBytes(shape: TransformerShape, settings: CacheSettings): number {
  return kvCacheGroups(shape, settings).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Returns the state of all recurrent layers in bytes, which does not depend on the context. */
export function recurrentStateBytes({ layers }: TransformerShape): number {
  return recurrences(layers).reduce(
    (sum, { convolutionNumbers, stateNumbers }) => sum + (convolutionNumbers + stateNumbers) * STATE_NUMBER_BYTES,
    0,
  );
}

/** Lists the recurrences of a model: those of layers without attention, and those beside attention. */
export function recurrences(layers: readonly LayerShape[]): RecurrentShape[] {
  return layers.flatMap(({ mixer, beside }) =>
    [mixer, beside].filter((part) => part !== undefined && "stateNumbers" in part),
  );
}

/** Whether keys and values can be stored in a type: a head must fill whole blocks. */
export function storesHeads(shape: TransformerShape, kvType: string): boolean {
  const { weightsPerBlock } = tensorTypeNamed(kvType);
  return shape.layers.every(({ mixer }) => {
    const cached = cachedOf(mixer);
    return (
      cached === null ||
      [cached.keyHeadLength, cached.valueHeadLength].every((length) => length % weightsPerBlock === 0)
    );
  });
}

function cachedOf(mixer: LayerShape["mixer"]) {
  if (mixer.kind === "latent-attention") {
    return { windowTokens: null, heads: 1, keyHeadLength: mixer.latentLength + mixer.turnedLength, valueHeadLength: 0 };
  }
  if (mixer.kind !== "attention" || !mixer.ownsCache || mixer.kvHeadCount === 0) return null;
  const { windowTokens, kvHeadCount: heads, keyHeadLength, valueHeadLength } = mixer;
  return { windowTokens, heads, keyHeadLength, valueHeadLength };
}
