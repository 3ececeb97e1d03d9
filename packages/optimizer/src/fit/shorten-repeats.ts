import type { LayerShape } from "../architectures/layer-shape.js";

/**
 * Number of repeats after which ggml's allocator gives each further pair of layers the offsets of the previous pair.
 */
const SETTLED_REPEATS = 4;

/**
 * Leaves out layers that reuse the buffers of earlier layers: an even number of repeats of the same layers at the end
 * of a model. The remaining layers need the same compute buffer, and their layout takes a fraction of the time.
 */
export function shortenRepeats(layers: readonly LayerShape[]): readonly LayerShape[] {
  const { start, period } = repeatAtEnd(layers.map((layer) => JSON.stringify(layer)));
  const spare = Math.floor((layers.length - start) / period) - SETTLED_REPEATS;
  if (spare < 2) return layers;
  return [...layers.slice(0, start), ...layers.slice(start + (spare - (spare % 2)) * period)];
}

/**
 * Returns the earliest index from which a list repeats its last `period` entries to the end, with the shortest period.
 */
function repeatAtEnd(keys: readonly string[]): { start: number; period: number } {
  let best = { start: 0, period: keys.length };
  for (let period = 1; period <= keys.length / SETTLED_REPEATS; period++) {
    let start = keys.length - period;
    while (start > 0 && keys[start - 1] === keys[start - 1 + period]) start -= 1;
    if (start + period < best.start + best.period) best = { start, period };
  }
  return best;
}
