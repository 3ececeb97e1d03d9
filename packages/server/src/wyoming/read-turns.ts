/**
 * Lets connections read in turn, in their order: one piece of one connection for each pass of the event loop. Other
 * requests are answered between them, however much many peers send.
 */
export class ReadTurns {
  #waiting: (() => void)[] = [];

  add(read: () => void): void {
    this.#waiting.push(read);
    if (this.#waiting.length === 1) setImmediate(() => this.#next());
  }

  #next(): void {
    // It stays in the list while it runs: what it adds waits for the next pass.
    this.#waiting[0]?.();
    this.#waiting.shift();
    if (this.#waiting.length > 0) setImmediate(() => this.#next());
  }
}
