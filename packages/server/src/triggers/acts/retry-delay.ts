/** Waits after the first failed tries, in milliseconds. Later waits are the last of these. */
const DELAYS_MILLISECONDS = [5_000, 30_000, 120_000, 600_000] as const;
/** Largest random part of a wait. Devices that a power cut stopped together do not try together. */
const JITTER = 0.2;
/** Longest wait. A recorded time that is further away was written by a clock that was wrong. */
export const MAX_RETRY_MILLISECONDS = 600_000 * (1 + JITTER);

/** Returns the wait before the next try, in milliseconds. `failures` counts the failed tries, at least 1. */
export function retryDelay(failures: number, random: () => number = Math.random): number {
  const delay = DELAYS_MILLISECONDS[Math.min(failures, DELAYS_MILLISECONDS.length) - 1] ?? DELAYS_MILLISECONDS[0];
  return Math.round(delay * (1 + JITTER * random()));
}
