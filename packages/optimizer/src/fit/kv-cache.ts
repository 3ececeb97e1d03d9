import type { LayerShape, RecurrentShape } from "../architectures/layer-shape.js";
import type { TransformerShape } from "../architectures/transformer-shape.js";
import { bytesOfWeights, tensorTypeNamed } from "../formats/tensor-types.js";
import { CACHE_CELL_MULTIPLE } from "../load-settings.js";

/** Recurrent layers keep numbers of 32 bits. */
const STATE_NUMBER_BYTES = 4;

/** Settings that the size of a cache depends on. */
export interface CacheSettings {
  contextTokens: number;
  batchTokens: number;
  kvType: string;
}

/** Returns the number of tokens that the cache of a context has room for. */
export function cacheCells(contextTokens: number): number {
  return Math.ceil(contextTokens / CACHE_CELL_MULTIPLE) * CACHE_CELL_MULTIPLE;
}

/** Returns the number of tokens that the cache of a layer with a window has room for: the window and one batch. */
export function windowCells(windowTokens: number, settings: CacheSettings): number {
  const batchTokens = Math.min(settings.batchTokens, settings.contextTokens);
  return Math.min(cacheCells(settings.contextTokens), cacheCells(windowTokens + batchTokens));
}

/** Layers of a model whose caches are of one size. */
export interface CacheGroup {
  layerCount: number;
  cells: number;
  windowTokens: number | null;
  /** Heads of keys and values in all these layers, and lengths; latent attention has keys alone. */
  heads: number;
  keyHeadLength: number;
  valueHeadLength: number;
  bytes: number;
}

/** The caches of a model: cells × (key length + value length) × bytes of an element, for layers that are alike together. */
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

/** The bytes of keys and values over all layers. */
export function kvCacheBytes(shape: TransformerShape, settings: CacheSettings): number {
  return kvCacheGroups(shape, settings).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The bytes that recurrent layers keep instead of a cache, whatever the context. */
export function recurrentStateBytes({ layers }: TransformerShape): number {
  return recurrences(layers).reduce(
    (sum, { convolutionNumbers, stateNumbers }) => sum + (convolutionNumbers + stateNumbers) * STATE_NUMBER_BYTES,
    0,
  );
}

/** The recurrences of a model: those of layers without attention, and those beside one. */
export function recurrences(layers: readonly LayerShape[]): RecurrentShape[] {
  return layers.flatMap(({ mixer, beside }) =>
    [mixer, beside].filter((part) => part !== undefined && "stateNumbers" in part),
  );
}

/** Tells whether keys and values can be stored in a type: a head must fill whole blocks of it. */
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
