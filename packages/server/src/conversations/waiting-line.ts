import { NanoAgentError } from "@nanoagent/models";

interface Waiter {
  start: () => void;
}

/** Requests that wait for something, in the order in which they came. */
export class WaitingLine {
  readonly #waiters: Waiter[] = [];

  get length(): number {
    return this.#waiters.length;
  }

  /** Resolves when it is this request's turn. Rejects with `aborted` when the signal aborts first. */
  enter(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(aborted());
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(aborted());
      };
      const waiter = {
        start: () => {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
      };
      this.#waiters.push(waiter);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  /** Starts the first one. Returns false if none waits. */
  startNext(): boolean {
    const next = this.#waiters.shift();
    next?.start();
    return next !== undefined;
  }
}

/** Error for a request whose client has left, with the runtime's code. */
export function aborted(): NanoAgentError {
  return new NanoAgentError({
    code: "aborted",
    message: "The turn was aborted.",
    hint: "Send the message again.",
  });
}
