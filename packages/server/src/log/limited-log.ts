import type { Log } from "./log-entry.js";

/** Lines of one event in a second. Strangers can cause them, and must not fill the disk with them. */
const LINES_PER_SECOND = 5;

/** Passes on the entries of events that strangers cause: at most five a second; then one entry counts the others. */
export class LimitedLog {
  readonly #log: Log;
  readonly #now: () => number;
  #second = 0;
  #written = 0;
  #omitted = 0;

  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  readonly write: Log = (entry) => {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) {
      if (this.#omitted > 0) this.#log({ level: "warn", event: "entries-omitted", count: this.#omitted });
      this.#second = second;
      this.#written = 0;
      this.#omitted = 0;
    }
    if (this.#written < LINES_PER_SECOND) {
      this.#written += 1;
      this.#log(entry);
    } else this.#omitted += 1;
  };
}
