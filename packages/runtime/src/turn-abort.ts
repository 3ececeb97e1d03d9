/** Anything that ends a turn early: its caller, its conversation, or its time limit. */
export class TurnAbort {
  readonly #callbacks = new Set<() => void>();
  #controller: AbortController | null = null;
  #aborted = false;
  #isCalledOff = false;
  #isOutOfTime = false;

  get aborted(): boolean {
    return this.#aborted;
  }

  /** Whether the turn was aborted. */
  get isCalledOff(): boolean {
    return this.#isCalledOff;
  }

  /** Whether the turn reached its time limit before it was aborted. */
  get isOutOfTime(): boolean {
    return this.#isOutOfTime;
  }

  /** The same as an AbortSignal. Created on first use, because a short turn does not need it. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted) this.#controller.abort();
    return this.#controller.signal;
  }

  /** Ends the turn. */
  abort(): void {
    this.#isCalledOff = true;
    this.#end();
  }

  /** Ends the turn because of its time limit. */
  runOut(): void {
    this.#isOutOfTime ||= !this.#aborted;
    this.#end();
  }

  /** Calls back when the turn is ended. Returns a function that stops listening. */
  listen(callback: () => void): () => void {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }

  #end(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#controller?.abort();
    for (const callback of [...this.#callbacks]) callback();
  }
}
