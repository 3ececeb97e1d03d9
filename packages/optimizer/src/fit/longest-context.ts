import { CACHE_CELL_MULTIPLE } from "../load-settings.js";

/**
 * Returns the largest multiple of 256 tokens from `least` to `most` for which `fits` is true, or `least` if there is
 * none. Uses binary search: if one context fits, every shorter one fits as well.
 */
export function longestContext(least: number, most: number, fits: (contextTokens: number) => boolean): number {
  let fitting = Math.ceil(least / CACHE_CELL_MULTIPLE);
  let tooLong = Math.floor(most / CACHE_CELL_MULTIPLE) + 1;
  // Usually the whole trained context fits, and each call of `fits` takes milliseconds.
  if (tooLong - 1 > fitting && fits((tooLong - 1) * CACHE_CELL_MULTIPLE)) return (tooLong - 1) * CACHE_CELL_MULTIPLE;
  while (tooLong - fitting > 1) {
    const middle = Math.floor((fitting + tooLong) / 2);
    if (fits(middle * CACHE_CELL_MULTIPLE)) fitting = middle;
    else tooLong = middle;
  }
  return fitting * CACHE_CELL_MULTIPLE;
}
