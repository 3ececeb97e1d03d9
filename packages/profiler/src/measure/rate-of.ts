import type { MeasuredRate } from "@nanoagent/models";

/** Returns the best rate and the relative distance of the median to it. Requires at least one rate. */
export function rateOf(ratesPerSecond: readonly number[]): MeasuredRate {
  const falling = [...ratesPerSecond].sort((one, other) => other - one);
  const best = falling[0] ?? 0;
  const median = falling[Math.floor(falling.length / 2)] ?? 0;
  return { per_second: best, spread: best > 0 ? (best - median) / best : 0 };
}
