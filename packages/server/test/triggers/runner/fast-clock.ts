import type { Clock } from "../../../src/triggers/schedules/clock.js";

/** A clock whose time passes a thousand times as fast. */
export function fastClock(): Clock {
  const start = Date.now();
  const now = () => start + (Date.now() - start) * 1000;
  return {
    now,
    monotonic: now,
    setTimer(callback, milliseconds) {
      const timer = setTimeout(callback, milliseconds / 1000);
      return () => clearTimeout(timer);
    },
  };
}
