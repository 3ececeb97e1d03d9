/** Silence is counted in steps, because a timer that restarts with every event would cost more than the event. */
const STEPS = 3;

/** Calls a function whenever a stream was silent for a time. */
export class StreamKeepAlive {
  #timer: ReturnType<typeof setInterval> | null = null;
  #silentSteps = 0;
  #isWaiting = false;

  /** Calls `ping` after the given time without a write, or up to a third later. */
  start(milliseconds: number, ping: () => void | Promise<void>): void {
    this.stop();
    this.#silentSteps = 0;
    this.#timer = setInterval(() => {
      this.#silentSteps += 1;
      // A client that does not read the last comment needs no further one.
      if (this.#silentSteps < STEPS || this.#isWaiting) return;
      this.#silentSteps = 0;
      const room = ping();
      if (room === undefined) return;
      this.#isWaiting = true;
      void room.finally(() => {
        this.#isWaiting = false;
      });
    }, milliseconds / STEPS);
  }

  noteWrite(): void {
    this.#silentSteps = 0;
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
