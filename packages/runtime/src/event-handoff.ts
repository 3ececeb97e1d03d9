import type { AgentEvent } from "./agent-event.js";

/**
 * Passes the events of a turn to its reader, one at a time. The turn continues when the reader asks for the next one.
 */
export class EventHandoff {
  /** The turn, while it waits for its event to be read. */
  #turn: { resolve: () => void; reject: (error: unknown) => void } | null = null;
  #giveReader: (event: AgentEvent | null) => void = () => {};
  #hasLeft = false;

  /** Passes an event to the reader. Resolves when the next one is requested; rejects when the reader has left. */
  readonly emit = (event: AgentEvent): Promise<void> =>
    new Promise((resolve, reject) => {
      if (this.#hasLeft) return reject(new Error("The event reader has left"));
      this.#turn = { resolve, reject };
      this.#giveReader(event);
    });

  /** Returns the turn's next event, or null when there are no more. */
  next(): Promise<AgentEvent | null> {
    return new Promise((resolve) => {
      this.#giveReader = resolve;
      this.#turn?.resolve();
    });
  }

  /** Marks the end of the events. */
  end(): void {
    this.#giveReader(null);
  }

  /** Makes the turn fail at its current event with the reader's error, and returns its next event. */
  fail(error: unknown): Promise<AgentEvent | null> {
    this.#turn?.reject(error);
    return this.next();
  }

  /** Makes the turn fail at its current event and at every later one, because nothing reads them. */
  leave(): void {
    this.#hasLeft = true;
    this.#turn?.reject(new Error("The event reader has left"));
  }
}
