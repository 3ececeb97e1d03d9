/** A share of a count, with its 95 % confidence interval. */
export interface Share {
  readonly count: number;
  readonly of: number;
  /** From 0 to 1, or null where `of` is 0. */
  readonly share: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** Standard normal quantile for 95 %. */
const Z = 1.96;

/**
 * Returns the share with its Wilson score interval (Wilson, 1927), which is valid for small counts and shares near 0
 * and 1.
 */
export function wilsonInterval(count: number, of: number): Share {
  if (of === 0) return { count, of, share: null, low: null, high: null };
  const share = count / of;
  const divisor = 1 + Z ** 2 / of;
  const centre = (share + Z ** 2 / (2 * of)) / divisor;
  const half = (Z * Math.sqrt((share * (1 - share)) / of + Z ** 2 / (4 * of ** 2))) / divisor;
  return { count, of, share, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
