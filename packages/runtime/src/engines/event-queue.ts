/** Queue of events that are pushed in one place, and read one by one in another. */
export class EventQueue<Event> {
  readonly #events: Event[] = [];
  #waiting: ((event: Event) => void) | null = null;

  push(event: Event): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting !== null) waiting(event);
    else this.#events.push(event);
  }

  /** Returns the oldest event that has not been read. Waits while the queue is empty. */
  next(): Promise<Event> {
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve(event);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }
}
