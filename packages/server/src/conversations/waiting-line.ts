import { NanoAgentError } from "@nanoagent/models";

interface Waiter<Value> {
  readonly key: string | null;
  readonly attempt: () => Value | null;
  readonly give: (value: Value) => void;
  readonly refuse: () => void;
}

/** Requests that wait for something, in the order in which they came. */
export class WaitingLine<Value> {
  #waiters: Waiter<Value>[] = [];
  #isServing = false;
  #isServedAgain = false;

  get length(): number {
    return this.#waiters.length;
  }

  /** Whether a request with this key waits. */
  has(key: string | null): boolean {
    return key !== null && this.#waiters.some((waiter) => waiter.key === key);
  }

  /**
   * Resolves when {@link serve} finds that an attempt succeeds: it returns a value. Requests with the same key are served in
   * order. Rejects with `aborted` when the signal aborts first.
   */
  enter(key: string | null, attempt: () => Value | null, signal: AbortSignal | undefined): Promise<Value> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        reject(aborted());
        this.serve();
      };
      const done = () => signal?.removeEventListener("abort", leave);
      const waiter: Waiter<Value> = {
        key,
        attempt,
        give: (value) => {
          done();
          resolve(value);
        },
        refuse: () => {
          done();
          reject(aborted());
        },
      };
      this.#waiters.push(waiter);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  /** Lets all try that wait. Attempts may call this, too. */
  serve(): void {
    this.#isServedAgain = true;
    if (this.#isServing) return;
    this.#isServing = true;
    while (this.#isServedAgain) {
      this.#isServedAgain = false;
      const tried = new Set<string>();
      for (const waiter of this.#waiters) {
        const { key } = waiter;
        if (key !== null && tried.has(key)) continue;
        const value = waiter.attempt();
        if (value !== null) {
          this.#waiters = this.#waiters.filter((other) => other !== waiter);
          waiter.give(value);
        } else if (key !== null) tried.add(key);
      }
    }
    this.#isServing = false;
  }

  /** Rejects all that wait with `aborted`. */
  refuse(): void {
    for (const { refuse } of this.#waiters.splice(0)) refuse();
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
