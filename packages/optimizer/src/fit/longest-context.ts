import { CACHE_CELL_MULTIPLE } from "../load-settings.js";

/**
 * The largest multiple of 256 tokens for which `fits` is true, from `least` to `most`; `least` where none is. It asks
 * about few: what fits with one context fits with every shorter one.
 */
export function longestContext(least: number, most: number, fits: (contextTokens: number) => boolean): number {
  let fitting = Math.ceil(least / CACHE_CELL_MULTIPLE);
  let tooLong = Math.floor(most / CACHE_CELL_MULTIPLE) + 1;
  // Mostly there is room for all that a model was trained for, and each question takes milliseconds.
  if (tooLong - 1 > fitting && fits((tooLong - 1) * CACHE_CELL_MULTIPLE)) return (tooLong - 1) * CACHE_CELL_MULTIPLE;
  while (tooLong - fitting > 1) {
    const middle = Math.floor((fitting + tooLong) / 2);
    if (fits(middle * CACHE_CELL_MULTIPLE)) fitting = middle;
    else tooLong = middle;
  }
  return fitting * CACHE_CELL_MULTIPLE;
}
