/** Time for bytes that have arrived to be read, after a handler that took long. */
const LAST_LOOK_MILLISECONDS = 20;

export interface KeepAliveParts {
  /** Longest time without a sign of the broker. */
  readonly milliseconds: number;
  readonly ping: () => void;
  readonly onSilence: () => void;
}

/**
 * Notices a connection that is dead, also one that is half open. After half of the time without traffic in one of the
 * two directions it asks the broker, which then has the other half to answer. One timer runs, and nothing else.
 */
export class KeepAlive {
  readonly #parts: KeepAliveParts;
  readonly #half: number;
  #sentAt = performance.now();
  #receivedAt = performance.now();
  #askedAt: number | null = null;
  /** Whether this side does not read now, so that it cannot see an answer. */
  #isReadingPaused = false;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(parts: KeepAliveParts) {
    this.#parts = parts;
    this.#half = parts.milliseconds / 2;
    this.#wait();
  }

  noteSent(): void {
    this.#sentAt = performance.now();
  }

  noteReceived(): void {
    this.#receivedAt = performance.now();
    this.#askedAt = null;
  }

  set isReadingPaused(isPaused: boolean) {
    this.#isReadingPaused = isPaused;
    if (!isPaused && this.#askedAt !== null) this.#askedAt = performance.now();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wait(): void {
    const last = this.#askedAt ?? Math.min(this.#sentAt, this.#receivedAt);
    const due = Math.max(0, Math.ceil(last + this.#half - performance.now()));
    this.#timer = setTimeout(() => this.#look(), due);
  }

  #look(isLast = false): void {
    const now = performance.now();
    if (this.#askedAt !== null && now - this.#askedAt >= this.#half) {
      if (!this.#isReadingPaused) {
        if (isLast) this.#parts.onSilence();
        else this.#timer = setTimeout(() => this.#look(true), LAST_LOOK_MILLISECONDS);
        return;
      }
      this.#askedAt = null;
    }
    if (this.#askedAt === null && now - Math.min(this.#sentAt, this.#receivedAt) >= this.#half) {
      this.#parts.ping();
      this.#sentAt = now;
      this.#askedAt = now;
    }
    this.#wait();
  }
}
