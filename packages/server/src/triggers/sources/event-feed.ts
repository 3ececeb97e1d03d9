import type { AcceptEvent, NewEvent } from "../trigger-event.js";
import { pause } from "./pause.js";

/** Most events that are offered at once, and synced together. */
const BATCH_EVENTS = 64;
/** Events that may wait here before their source should pause. */
const MAX_WAITING_EVENTS = 64;
/** Time after which a refused event is offered again. */
const RETRY_MILLISECONDS = 2000;

const reasons = {
  full: "The queue of this trigger is full, so new events wait at their source. See them with nanoagent triggers log.",
  "not-saved":
    "New events cannot be saved, so they wait at their source. Check the disk on which the folder of the session is.",
  closed: "The triggers are closed.",
} as const;

export interface EventFeedOptions {
  readonly accept: AcceptEvent;
  /** Called when there is room again after {@link EventFeed.isFull}. */
  readonly onRoom?: (() => void) | undefined;
  /** Default: 2000. */
  readonly retryMilliseconds?: number | undefined;
}

/**
 * Hands the events of a source to the queue in their order, and offers refused ones until they are accepted. For
 * sources whose sender cannot send an event again.
 */
export class EventFeed {
  readonly #options: EventFeedOptions;
  readonly #waiting: NewEvent[] = [];
  readonly #closing = new AbortController();
  #offering: Promise<void> | null = null;
  #problem: string | null = null;

  constructor(options: EventFeedOptions) {
    this.#options = options;
  }

  /** Why events are not accepted at present, or null. */
  get problem(): string | null {
    return this.#problem;
  }

  get isFull(): boolean {
    return this.#waiting.length >= MAX_WAITING_EVENTS;
  }

  add(event: NewEvent): void {
    if (this.#closing.signal.aborted) return;
    this.#waiting.push(event);
    this.#offering ??= this.#offerAll().finally(() => {
      this.#offering = null;
    });
  }

  /** Waits for the events that are being offered. Those that wait behind them are lost. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#offering;
  }

  async #offerAll(): Promise<void> {
    const { accept, onRoom, retryMilliseconds = RETRY_MILLISECONDS } = this.#options;
    // Events that arrive together are offered together.
    await Promise.resolve();
    while (this.#waiting.length > 0 && !this.#closing.signal.aborted) {
      const batch = this.#waiting.slice(0, BATCH_EVENTS);
      const results = await Promise.all(batch.map((event) => accept(event)));
      const refused = results.findIndex(({ status }) => status === "refused");
      const wasFull = this.isFull;
      this.#waiting.splice(0, refused < 0 ? batch.length : refused);
      const result = results[refused];
      this.#problem = result?.status === "refused" ? reasons[result.reason] : null;
      if (wasFull && !this.isFull) onRoom?.();
      if (result !== undefined) await pause(retryMilliseconds, this.#closing.signal);
    }
  }
}
