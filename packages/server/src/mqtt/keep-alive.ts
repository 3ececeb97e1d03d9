/** Time for bytes that have arrived to be read, after a handler that took long. */
const LAST_LOOK_MILLISECONDS = 20;
/**
 * How much shorter the keep-alive is that the broker is told. Brokers take a client for dead after 1.5 times that, but Mosquitto looks
 * only every six seconds, in whole seconds. With 7.5 seconds less, the death of an agent is known after 1.5 times the keep-alive of
 * its config.
 */
const EARLIER_SECONDS = 5;

/** Returns the keep-alive to tell the broker, for the one that the config has. */
export function announcedKeepAlive(seconds: number): number {
  return Math.max(1, seconds - EARLIER_SECONDS);
}

export interface KeepAliveParts {
  /** Longest time without a sign of the broker. */
  readonly milliseconds: number;
  /** Longest time without a sign of this side, as the broker knows it. Not longer than the other. */
  readonly announcedMilliseconds: number;
  readonly ping: () => void;
  readonly onSilence: () => void;
}

/**
 * Notices a connection that is dead, also one that is half open. After half of the announced time without traffic in one of the
 * two directions it asks the broker, which then has the rest of the time to answer, and is asked again meanwhile. One timer runs,
 * and nothing else.
 */
export class KeepAlive {
  readonly #parts: KeepAliveParts;
  readonly #pingMilliseconds: number;
  readonly #answerMilliseconds: number;
  #sentAt = performance.now();
  #receivedAt = performance.now();
  #askedAt: number | null = null;
  /** Whether this side does not read now, so that it cannot see an answer. */
  #isReadingPaused = false;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(parts: KeepAliveParts) {
    this.#parts = parts;
    this.#pingMilliseconds = parts.announcedMilliseconds / 2;
    this.#answerMilliseconds = parts.milliseconds - this.#pingMilliseconds;
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

  /** When the broker must be asked. One that was asked needs only signs of this side. */
  get #nextPing(): number {
    return (this.#askedAt === null ? Math.min(this.#sentAt, this.#receivedAt) : this.#sentAt) + this.#pingMilliseconds;
  }

  #wait(): void {
    const deadline = this.#askedAt === null ? Number.POSITIVE_INFINITY : this.#askedAt + this.#answerMilliseconds;
    const due = Math.max(0, Math.ceil(Math.min(deadline, this.#nextPing) - performance.now()));
    this.#timer = setTimeout(() => this.#look(), due);
  }

  #look(isLast = false): void {
    const now = performance.now();
    if (this.#askedAt !== null && now - this.#askedAt >= this.#answerMilliseconds) {
      if (!this.#isReadingPaused) {
        if (isLast) this.#parts.onSilence();
        else this.#timer = setTimeout(() => this.#look(true), LAST_LOOK_MILLISECONDS);
        return;
      }
      this.#askedAt = null;
    }
    if (now >= this.#nextPing) {
      this.#parts.ping();
      this.#sentAt = now;
      this.#askedAt ??= now;
    }
    this.#wait();
  }
}
