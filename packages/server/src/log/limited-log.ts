import type { Log } from "./log-entry.js";

/** Lines in a second. Strangers can cause them, and must not fill the disk with them. */
const LINES_PER_SECOND = 5;
const SECOND_MILLISECONDS = 1000;

/** Passes on the entries of events that strangers cause: at most five a second; then one entry counts the others. */
export class LimitedLog {
  readonly #log: Log;
  readonly #now: () => number;
  #second = 0;
  #written = 0;
  #omitted = 0;
  /** Counts the omitted entries of the running second. */
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  readonly write: Log = (entry) => {
    const time = this.#now();
    const second = Math.floor(time / SECOND_MILLISECONDS);
    if (second !== this.#second) {
      this.flush();
      this.#second = second;
      this.#written = 0;
    }
    if (this.#written < LINES_PER_SECOND) {
      this.#written += 1;
      this.#log(entry);
      return;
    }
    this.#omitted += 1;
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => this.flush(), (second + 1) * SECOND_MILLISECONDS - time);
    this.#timer.unref?.();
  };

  /** Writes how many entries were omitted since the last time, if any. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#omitted === 0) return;
    const count = this.#omitted;
    this.#omitted = 0;
    this.#log({ level: "warn", event: "entries-omitted", count });
  }
}
