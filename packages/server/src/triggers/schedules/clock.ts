/** The time and timers. Tests replace it. */
export interface Clock {
  /** Time that the system shows, in milliseconds since 1970. It may jump. */
  now(): number;
  /** Milliseconds since an arbitrary moment. They never jump. */
  monotonic(): number;
  /**
   * Calls back once after this many milliseconds, at most 24.8 days. Does not keep the program running. Returns a function
   * that cancels it.
   */
  setTimer(callback: () => void, milliseconds: number): () => void;
}

/** The clock of this system. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, milliseconds) {
    const timer = setTimeout(callback, milliseconds);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
