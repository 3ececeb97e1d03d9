import { sleep } from "../acts/sleep.js";
import type { Clock } from "../schedules/clock.js";
import type { Acceptance, AcceptEvent, NewEvent } from "../trigger-event.js";

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
  "too-large": "An event of more than 64 KB was left out. Send shorter ones.",
  invalid: "An event that cannot be written as JSON was left out. Send JSON or text.",
} as const;

/** Returns the reason why the sender should send an event again later, or null where nothing is left to do. */
export function refusalOf(acceptance: Acceptance): "full" | "not-saved" | "closed" | null {
  if (acceptance.status !== "refused") return null;
  const { reason } = acceptance;
  return reason === "too-large" || reason === "invalid" ? null : reason;
}

/** Returns a sentence about an event that is never accepted, or null. */
export function lossOf(acceptance: Acceptance): string | null {
  const isLost = acceptance.status === "refused" && refusalOf(acceptance) === null;
  return isLost ? reasons[acceptance.reason] : null;
}

/** Returns a sentence about events that wait. */
export function describeRefusal(reason: "full" | "not-saved" | "closed"): string {
  return reasons[reason];
}

export interface EventFeedOptions {
  readonly accept: AcceptEvent;
  /** Called when there is room again after {@link EventFeed.isFull}. */
  readonly onRoom?: (() => void) | undefined;
  readonly clock: Clock;
  readonly onNotice?: ((message: string) => void) | undefined;
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
    const { accept, clock, onRoom, onNotice, retryMilliseconds = RETRY_MILLISECONDS } = this.#options;
    // Events that arrive together are offered together.
    await Promise.resolve();
    while (this.#waiting.length > 0 && !this.#closing.signal.aborted) {
      const batch = this.#waiting.slice(0, BATCH_EVENTS);
      const results = await Promise.all(batch.map((event) => accept(event)));
      const refused = results.findIndex((result) => refusalOf(result) !== null);
      const wasFull = this.isFull;
      this.#waiting.splice(0, refused < 0 ? batch.length : refused);
      for (const result of results) {
        const loss = lossOf(result);
        if (loss !== null) onNotice?.(loss);
      }
      const result = results[refused];
      const refusal = result === undefined ? null : refusalOf(result);
      this.#problem = refusal === null ? null : describeRefusal(refusal);
      if (wasFull && !this.isFull) onRoom?.();
      if (refusal !== null) await sleep(retryMilliseconds, this.#closing.signal, clock);
    }
  }
}
