import type { LayerShape } from "../architectures/layer-shape.js";

/** Repeats of the same layers after which ggml's allocator gives every further pair of them the places of the pair before. */
const SETTLED_REPEATS = 4;

/**
 * Leaves out layers whose buffers lie where those of earlier layers lay: at the end of a model, an even number of repeats
 * of the same layers. What is left needs the same buffer, and is laid out in a fraction of the time.
 */
export function shortenRepeats(layers: readonly LayerShape[]): readonly LayerShape[] {
  const { start, period } = repeatAtEnd(layers.map((layer) => JSON.stringify(layer)));
  const spare = Math.floor((layers.length - start) / period) - SETTLED_REPEATS;
  if (spare < 2) return layers;
  return [...layers.slice(0, start), ...layers.slice(start + (spare - (spare % 2)) * period)];
}

/** From where on a list repeats its last `period` entries up to its end: as early as that is so, with the shortest period. */
function repeatAtEnd(keys: readonly string[]): { start: number; period: number } {
  let best = { start: 0, period: keys.length };
  for (let period = 1; period <= keys.length / SETTLED_REPEATS; period++) {
    let start = keys.length - period;
    while (start > 0 && keys[start - 1] === keys[start - 1 + period]) start -= 1;
    if (start + period < best.start + best.period) best = { start, period };
  }
  return best;
}
