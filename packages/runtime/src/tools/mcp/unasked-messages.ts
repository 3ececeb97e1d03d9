import { MAX_UNASKED_BYTES, MAX_UNASKED_MESSAGES, UNASKED_WINDOW_MILLISECONDS } from "./message-limits.js";

/** Counts unrequested messages of a server, to detect a flood. */
export class UnaskedMessages {
  #since = Number.NEGATIVE_INFINITY;
  #messages = 0;
  #bytes = 0;

  /** Counts a message. Returns true when it exceeds the limit. */
  add(bytes: number): boolean {
    const now = performance.now();
    if (now - this.#since > UNASKED_WINDOW_MILLISECONDS) {
      this.#since = now;
      this.#messages = 0;
      this.#bytes = 0;
    }
    this.#messages += 1;
    this.#bytes += bytes;
    return this.#messages > MAX_UNASKED_MESSAGES || this.#bytes > MAX_UNASKED_BYTES;
  }
}
