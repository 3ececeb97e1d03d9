import { NanoRuntimeError } from "../nano-runtime-error.js";
import { type Abortable, onAbort } from "../on-abort.js";

/** Most messages that can wait for their turn. Callers that never wait for replies get an error. */
export const MAX_WAITING_MESSAGES = 64;

/** Runs one turn at a time, in order of arrival. */
export class TurnQueue {
  readonly #maxWaiting: number;
  readonly #waiting: { start: () => void; refuse: (error: NanoRuntimeError) => void }[] = [];
  #running = false;
  #whenIdle: (() => void)[] = [];

  constructor({ maxWaiting = MAX_WAITING_MESSAGES }: { maxWaiting?: number } = {}) {
    this.#maxWaiting = maxWaiting;
  }

  /**
   * Waits for this turn's place at the front. Returns undefined if it can start immediately. Rejects if the signal
   * aborts first, or if too many turns are waiting.
   */
  enter(signal: Abortable, aborted: () => NanoRuntimeError): Promise<void> | undefined {
    if (this.#running) return this.#wait(signal, aborted);
    this.#running = true;
    return undefined;
  }

  async #wait(signal: Abortable, aborted: () => NanoRuntimeError): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting) {
      throw new NanoRuntimeError({
        code: "too-many-messages",
        message: `${this.#maxWaiting} messages are already waiting.`,
        hint: "Wait for a reply before sending more.",
      });
    }
    await new Promise<void>((resolve, reject) => {
      const place = {
        start: () => {
          stopListening();
          resolve();
        },
        refuse: (error: NanoRuntimeError) => {
          stopListening();
          reject(error);
        },
      };
      this.#waiting.push(place);
      const stopListening = onAbort(signal, () => {
        this.#waiting.splice(this.#waiting.indexOf(place), 1);
        reject(aborted());
      });
    });
  }

  /** Ends the running turn and starts the next. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next.start();
      return;
    }
    this.#running = false;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** Rejects every waiting turn. */
  refuseWaiting(reason: () => NanoRuntimeError): void {
    for (const place of this.#waiting.splice(0)) place.refuse(reason());
  }

  /** Whether a turn runs. */
  get isBusy(): boolean {
    return this.#running;
  }

  /** Resolves when no turn is running. */
  async idle(): Promise<void> {
    if (this.#running) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }
}
