/** @typedef {{ minimum: number, median: number, runs: number }} Summary */

/** @param {readonly number[]} samples @returns {Summary} */
export function summarizeSamples(samples) {
  return { minimum: Math.min(...samples), median: median(samples), runs: samples.length };
}

/**
 * Returns the difference between `samples` and `bare`, by statistic: minimum minus minimum, median minus median.
 *
 * @param {readonly number[]} samples
 * @param {readonly number[]} bare
 * @returns {Summary}
 */
export function summarizeOverBare(samples, bare) {
  const own = summarizeSamples(samples);
  const base = summarizeSamples(bare);
  return { minimum: own.minimum - base.minimum, median: own.median - base.median, runs: own.runs };
}

/** @param {ArrayLike<number>} samples @returns {number} */
export function median(samples) {
  if (samples.length === 0) throw new RangeError("Cannot compute the median of an empty list");
  const sorted = Array.from(samples).sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return mean(sorted.slice(Math.floor(middle), Math.ceil(middle) + 1));
}

/** @param {readonly number[]} samples @returns {number} */
export function mean(samples) {
  if (samples.length === 0) throw new RangeError("Cannot compute the mean of an empty list");
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
}
