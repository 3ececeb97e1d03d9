import { median } from "./summarize-samples.mjs";

/** Turns at each end of the session that are compared. */
const WINDOW_TURNS = 500;

/**
 * Returns the ratio of the median turn time at the end of a session to that at its beginning, over 500 turns each, or
 * half of a shorter session. Medians, because on a shared machine a single pause can take longer than 500 turns.
 *
 * @param {ArrayLike<number>} turnMicroseconds
 * @returns {{ slowdown: number, lastMicroseconds: number }}
 */
export function slowdown(turnMicroseconds) {
  const turns = Array.from(turnMicroseconds);
  const window = Math.min(WINDOW_TURNS, Math.ceil(turns.length / 2));
  const first = median(turns.slice(0, window));
  const last = median(turns.slice(-window));
  return { slowdown: last / first, lastMicroseconds: last };
}
