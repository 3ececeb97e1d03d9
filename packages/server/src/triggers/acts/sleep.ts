import type { Clock } from "../schedules/clock.js";

/** Longest timer, in milliseconds. Longer waits have several. */
const MAX_TIMER_MILLISECONDS = 24 * 60 * 60 * 1000;

/** Waits, or returns as soon as the signal aborts. Clock jumps do not change the wait. */
export async function sleep(milliseconds: number, signal: AbortSignal, clock: Clock): Promise<void> {
  const end = clock.monotonic() + milliseconds;
  for (let left = milliseconds; left > 0 && !signal.aborted; left = end - clock.monotonic()) {
    await new Promise<void>((resolve) => {
      const done = () => {
        cancel();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const cancel = clock.setTimer(done, Math.min(left, MAX_TIMER_MILLISECONDS));
      signal.addEventListener("abort", done, { once: true });
    });
  }
}
