import type { AgentEvent } from "./agent-event.js";

/** Hands the events of a turn to its reader, one at a time: the turn goes on when the reader asks for the next one. */
export class EventHandoff {
  /** The turn, which waits until its event has been read. */
  #turn: { resolve: () => void; reject: (error: unknown) => void } | null = null;
  #giveReader: (event: AgentEvent | null) => void = () => {};
  #hasLeft = false;

  /** Gives the reader an event. Resolves when the next one is asked for; rejects when none is wanted. */
  readonly emit = (event: AgentEvent): Promise<void> =>
    new Promise((resolve, reject) => {
      if (this.#hasLeft) return reject(new Error("Nobody reads the events any more"));
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

  /** Tells the reader that the turn has no more events. */
  end(): void {
    this.#giveReader(null);
  }

  /** Has the turn fail where it waits, with an error of the reader, and returns its next event. */
  fail(error: unknown): Promise<AgentEvent | null> {
    this.#turn?.reject(error);
    return this.next();
  }

  /** Has the turn fail where it waits, and wherever it has another event: nobody reads them. */
  leave(): void {
    this.#hasLeft = true;
    this.#turn?.reject(new Error("Nobody reads the events any more"));
  }
}
