/** Queue between a producer that pushes events and a consumer that awaits them one at a time. */
export class EventQueue<Event> {
  readonly #events: Event[] = [];
  #waiting: ((event: Event) => void) | null = null;

  push(event: Event): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting !== null) waiting(event);
    else this.#events.push(event);
  }

  /** Returns the oldest unread event. Waits while the queue is empty. */
  next(): Promise<Event> {
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve(event);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }
}
