import { NanoRuntimeError } from "../nano-runtime-error.js";
import { type Abortable, onAbort } from "../on-abort.js";

/** More messages than this do not wait for their turn: a caller that never waits for replies is told so. */
export const MAX_WAITING_MESSAGES = 64;

/** Lets one turn run at a time, in the order in which they came. */
export class TurnQueue {
  readonly #maxWaiting: number;
  readonly #waiting: { start: () => void; refuse: (error: NanoRuntimeError) => void }[] = [];
  #running = false;
  #whenIdle: (() => void)[] = [];

  constructor({ maxWaiting = MAX_WAITING_MESSAGES }: { maxWaiting?: number } = {}) {
    this.#maxWaiting = maxWaiting;
  }

  /**
   * Waits until it is this turn's turn; returns nothing where it is already. Rejects when the signal aborts first, or when too
   * many wait.
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
        message: `${this.#maxWaiting} messages are waiting for their turn already.`,
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

  /** Ends the turn that runs and starts the next. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next.start();
      return;
    }
    this.#running = false;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** Refuses every turn that waits. */
  refuseWaiting(reason: () => NanoRuntimeError): void {
    for (const place of this.#waiting.splice(0)) place.refuse(reason());
  }

  /** Resolves when no turn runs. */
  async idle(): Promise<void> {
    if (this.#running) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }
}
