import { sleep } from "../acts/sleep.js";
import type { Clock } from "../schedules/clock.js";
import type { Acceptance, AcceptEvent, NewEvent } from "../trigger-event.js";

/** Most events that are offered at once, and synced together. */
const BATCH_EVENTS = 256;
/** Events that may wait here before their source should pause. */
const MAX_WAITING_EVENTS = 64;
/** Time after which a refused event is offered again, if nobody says before that there may be room. */
const RETRY_MILLISECONDS = 2000;

const reasons = {
  full: "The queue of this trigger is full, so new events wait at their source. See them with nanoagent triggers log.",
  "not-saved":
    "New events cannot be saved, so they wait at their source. Check the disk on which the folder of the session is.",
  closed: "The triggers are closed.",
} as const;

/** Returns the reason why the sender should send an event again later, or null where nothing is left to do. */
export function refusalOf(acceptance: Acceptance): "full" | "not-saved" | "closed" | null {
  if (acceptance.status !== "refused") return null;
  const { reason } = acceptance;
  return reason === "too-large" || reason === "invalid" ? null : reason;
}

export interface EventFeedOptions {
  readonly accept: AcceptEvent;
  /** Called when there is room again after {@link EventFeed.isFull}. */
  readonly onRoom?: (() => void) | undefined;
  readonly clock: Clock;
  /** Default: 2000. */
  readonly retryMilliseconds?: number | undefined;
}

interface Waiting {
  readonly event: NewEvent;
  readonly settle: (isTaken: boolean) => void;
}

/** Hands the events of a source to the queue in their order, and offers refused ones until they are accepted. */
export class EventFeed {
  readonly #options: EventFeedOptions;
  #waiting: Waiting[] = [];
  /** Aborts when the feed closes. */
  readonly #closing = new AbortController();
  /** Ends the wait for room. */
  #pause = new AbortController();
  #offering: Promise<void> | null = null;
  #problem: string | null = null;

  constructor(options: EventFeedOptions) {
    this.#options = options;
  }

  /** Why events are not accepted at present, or null. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Whether the source should pause. */
  get isFull(): boolean {
    return this.#waiting.length >= MAX_WAITING_EVENTS;
  }

  /**
   * Resolves with true when nothing is left to do for the event: it is on disk, or it is one that is never accepted. False:
   * the feed was closed before.
   */
  add(event: NewEvent): Promise<boolean> {
    if (this.#closing.signal.aborted) return Promise.resolve(false);
    return new Promise((settle) => {
      this.#waiting.push({ event, settle });
      this.#offering ??= this.#offerAll().finally(() => {
        this.#offering = null;
      });
    });
  }

  /** There may be room for the events that were refused. */
  retry(): void {
    this.#pause.abort();
  }

  /** Waits for the events that are being offered. Those that wait behind them are not taken. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#pause.abort();
    await this.#offering;
    for (const { settle } of this.#waiting.splice(0)) settle(false);
  }

  async #offerAll(): Promise<void> {
    const { clock, retryMilliseconds = RETRY_MILLISECONDS } = this.#options;
    // Events that arrive together are offered together. After a refusal, there is room for a few at most.
    await Promise.resolve();
    let count = BATCH_EVENTS;
    while (this.#waiting.length > 0 && !this.#closing.signal.aborted) {
      this.#pause = new AbortController();
      const refusal = await this.#offer(count);
      this.#problem = refusal === null ? null : reasons[refusal];
      count = refusal === null ? Math.min(2 * count, BATCH_EVENTS) : 1;
      if (refusal !== null && !this.#closing.signal.aborted) await sleep(retryMilliseconds, this.#pause.signal, clock);
    }
  }

  /** Offers the first events. Returns why some of them still wait, or null. */
  async #offer(count: number): Promise<ReturnType<typeof refusalOf>> {
    const { accept, onRoom } = this.#options;
    const batch = this.#waiting.slice(0, count);
    const results = await Promise.all(batch.map(({ event }) => accept(event)));
    const refused = new Set(batch.filter((_, index) => refusalOf(results[index] as Acceptance) !== null));
    // More may have come meanwhile, so that the source has paused.
    const wasFull = this.isFull;
    this.#waiting = this.#waiting.filter((one, index) => index >= batch.length || refused.has(one));
    if (wasFull && !this.isFull) onRoom?.();
    for (const one of batch) if (!refused.has(one)) one.settle(true);
    const first = results.find((result) => refusalOf(result) !== null);
    return first === undefined ? null : refusalOf(first);
  }
}
