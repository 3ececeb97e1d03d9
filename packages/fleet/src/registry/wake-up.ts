/** Longest delay that setTimeout accepts, in milliseconds. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** Lets one part of a program wait until another calls it. A call that comes early counts for the next wait. */
export class WakeUp {
  #isCalled = false;
  #resolve: (() => void) | null = null;

  call(): void {
    this.#isCalled = true;
    this.#resolve?.();
  }

  /** Resolves after a call, or after a time. Rejects with the reason of the signal. */
  async next(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (!this.#isCalled) await this.#wait(milliseconds, signal);
    signal?.throwIfAborted();
    this.#isCalled = false;
  }

  async #wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return;
    const wait = new Promise<void>((resolve) => {
      this.#resolve = resolve;
    });
    const timer = setTimeout(() => this.#resolve?.(), Math.min(milliseconds, LONGEST_DELAY));
    const abort = () => this.#resolve?.();
    signal?.addEventListener("abort", abort, { once: true });
    await wait;
    this.#resolve = null;
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
