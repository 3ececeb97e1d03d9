/** Longest wait for the requests before. */
const PATIENCE_MILLISECONDS = 5000;
/** Longest pause after a large body was parsed. */
const MAX_PAUSE_MILLISECONDS = 250;

interface Waiting {
  readonly bytes: number;
  readonly admit: () => void;
}

/**
 * The line of large bodies. One is parsed at a time, and then a pause of the same length lets other requests be answered.
 * A body waits until its values have space beside those of the requests that are not answered yet; one is always admitted.
 */
export class LargeBodies {
  readonly #limitBytes: number;
  readonly #line: Waiting[] = [];
  #heldBytes = 0;
  /** When the body that is parsed now was admitted, or null. */
  #begunAt: number | null = null;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Resolves with true when a body may be parsed, and with false if it waited too long. */
  enter(bytes: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#line.splice(this.#line.indexOf(waiting), 1);
        resolve(false);
        this.#admit();
      }, PATIENCE_MILLISECONDS);
      const waiting: Waiting = {
        bytes,
        admit: () => {
          clearTimeout(timer);
          resolve(true);
        },
      };
      this.#line.push(waiting);
      this.#admit();
    });
  }

  /** Ends the turn of a body that was parsed. Its values keep their space. */
  leaveLine(): void {
    const begunAt = this.#begunAt ?? 0;
    // The request uses the values before this timer.
    setTimeout(() => {
      const pause = Math.min(performance.now() - begunAt, MAX_PAUSE_MILLISECONDS);
      setTimeout(() => {
        this.#begunAt = null;
        this.#admit();
      }, pause);
    }, 0);
  }

  /** Gives back the space of a body's values. */
  give(bytes: number): void {
    this.#heldBytes -= bytes;
    this.#admit();
  }

  #admit(): void {
    const [first] = this.#line;
    if (first === undefined || this.#begunAt !== null) return;
    if (this.#heldBytes > 0 && this.#heldBytes + first.bytes > this.#limitBytes) return;
    this.#line.shift();
    this.#begunAt = performance.now();
    this.#heldBytes += first.bytes;
    first.admit();
  }
}
