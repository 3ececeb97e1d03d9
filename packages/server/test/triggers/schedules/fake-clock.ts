import type { Clock } from "../../../src/triggers/schedules/clock.js";
import type { ClockEvidence } from "../../../src/triggers/schedules/clock-evidence.js";

/** A clock that a test moves. Real time goes on and never jumps; the wall clock differs from it by an offset. */
export class FakeClock implements Clock {
  /** Real time, in milliseconds since 1970. */
  real: number;
  /** Difference of the wall clock from the real time. */
  offset = 0;
  readonly #timers = new Set<{ at: number; callback: () => void }>();
  /** Longest timer that was set. */
  longestTimer = 0;
  timersSet = 0;

  constructor(real: number) {
    this.real = real;
  }

  now(): number {
    return this.real + this.offset;
  }

  monotonic(): number {
    return this.real;
  }

  setTimer(callback: () => void, milliseconds: number): () => void {
    const timer = { at: this.real + milliseconds, callback };
    this.#timers.add(timer);
    this.timersSet += 1;
    this.longestTimer = Math.max(this.longestTimer, milliseconds);
    return () => this.#timers.delete(timer);
  }

  /** Timers that are set at present. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Forgets all timers, as the end of a program does. */
  clear(): void {
    this.#timers.clear();
  }

  /**
   * Lets time pass up to a real time, timer by timer. `settle` runs after each one; it resolves when the program has nothing
   * left to do, and returns false to stop at once.
   */
  async advanceTo(end: number, settle: () => Promise<boolean> | boolean = flush): Promise<void> {
    for (;;) {
      let first: { at: number; callback: () => void } | null = null;
      for (const timer of this.#timers) if (first === null || timer.at < first.at) first = timer;
      if (first === null || first.at > end) break;
      this.#timers.delete(first);
      this.real = Math.max(this.real, first.at);
      first.callback();
      const settled = settle();
      if (!(typeof settled === "boolean" ? settled : await settled)) return;
    }
    this.real = Math.max(this.real, end);
  }
}

/** Lets everything run that waits for nothing but promises. */
export async function flush(): Promise<boolean> {
  await new Promise(setImmediate);
  return true;
}

/** A device with a hardware clock, or one that tells when a time server has set it. */
export function evidence(
  options: Partial<Record<"hasClock" | "isSynchronized", boolean>> & { uptime?: () => number } = {},
) {
  const { hasClock = true, isSynchronized = false, uptime = () => 0 } = options;
  return {
    hasHardwareClock: () => hasClock,
    isSynchronized: () => isSynchronized,
    uptimeMilliseconds: uptime,
  } satisfies ClockEvidence;
}
