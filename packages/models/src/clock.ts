/** Earliest time that a clock of this program can show, in milliseconds since 1970. A board without a clock shows less until it is set. */
const EARLIEST_MILLISECONDS = Date.parse("2026-01-01T00:00:00Z");
/** Clocks of two starts differ by minutes; a time later than this is not true. */
const TOLERANCE_MILLISECONDS = 24 * 60 * 60 * 1000;

/** Whether a clock that shows this time, in milliseconds since 1970, was ever set. False for NaN. */
export function isClockSet(milliseconds: number): boolean {
  return milliseconds >= EARLIEST_MILLISECONDS;
}

/** Whether a recorded time can be true: a set clock wrote it, and `now` is not more than a day before it. */
export function canBeTrue(milliseconds: number, now: number): boolean {
  return isClockSet(milliseconds) && milliseconds <= now + TOLERANCE_MILLISECONDS;
}
