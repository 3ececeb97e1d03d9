import { median } from "./summarize-samples.mjs";

/** Turns that the beginning and the end are taken over. */
const WINDOW_TURNS = 500;

/**
 * How much longer a turn takes at the end of a session than at its beginning: the median of the last 500 over that of
 * the first 500, or of half of them each in a session that is shorter than both. Medians, because on a machine that
 * others use too a single pause takes longer than 500 turns.
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
