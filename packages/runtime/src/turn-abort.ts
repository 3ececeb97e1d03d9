/** Whatever ends a turn early: its caller, its conversation, or the time that it may take. */
export class TurnAbort {
  readonly #callbacks = new Set<() => void>();
  #controller: AbortController | null = null;
  #aborted = false;
  #isCalledOff = false;
  #isOutOfTime = false;

  get aborted(): boolean {
    return this.#aborted;
  }

  /** Whether somebody ended the turn. */
  get isCalledOff(): boolean {
    return this.#isCalledOff;
  }

  /** Whether the turn ran out of time before anybody ended it. */
  get isOutOfTime(): boolean {
    return this.#isOutOfTime;
  }

  /** The same as an AbortSignal. It is made when it is first asked for: a short turn allocates nothing that is larger. */
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

  /** Ends the turn because its time is over. */
  runOut(): void {
    this.#isOutOfTime ||= !this.#aborted;
    this.#end();
  }

  /** Calls back when the turn is ended. Returns how to stop listening. */
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
