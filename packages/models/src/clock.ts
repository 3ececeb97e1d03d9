/** Earliest plausible time, in milliseconds since 1970. A board without a battery-backed clock starts before it. */
const EARLIEST_MILLISECONDS = Date.parse("2026-01-01T00:00:00Z");
/** How far in the future a recorded time may be. Clocks of two starts differ by minutes. */
const TOLERANCE_MILLISECONDS = 24 * 60 * 60 * 1000;

/** Whether a clock that shows this time was ever set. In milliseconds since 1970; false for NaN. */
export function isClockSet(milliseconds: number): boolean {
  return milliseconds >= EARLIEST_MILLISECONDS;
}

/** Whether a recorded time is plausible: written by a clock that was set, and at most a day after `now`. */
export function canBeTrue(milliseconds: number, now: number): boolean {
  return isClockSet(milliseconds) && milliseconds <= now + TOLERANCE_MILLISECONDS;
}
