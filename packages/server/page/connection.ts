import type { PageEvent } from "../src/page/page-events.js";
import { readEvents } from "./read-events.js";
import { RequestError, type ServiceClient, UNREACHABLE } from "./service-client.js";

/** The service writes something at least every 5 s. */
const SILENCE_MILLISECONDS = 12_000;
/** After a shorter silence than this, a page that was hidden relies on its stream. */
const FRESH_MILLISECONDS = 6000;
/** First and longest time for the first bytes. A slow device may have to read a long conversation. */
const CONNECT_MILLISECONDS = 10_000;
const LONGEST_CONNECT_MILLISECONDS = 40_000;
/** Wait before a stream that ended is opened again. */
const SHORT_WAIT_MILLISECONDS = 250;
/** First and longest wait after a failure. */
const WAIT_MILLISECONDS = 1000;
const LONGEST_WAIT_MILLISECONDS = 15_000;

export interface ConnectionWatcher {
  onEvent(event: PageEvent): void;
  /** The service cannot be used. It is tried again after the given time. */
  onOutage(outage: { message: string; waitMilliseconds: number }): void;
  onAttempt(): void;
  /** The service answers. */
  onReached(): void;
}

/** The stream of events. It is opened again whenever it ends, with growing waits while that fails. */
export class Connection {
  readonly #client: ServiceClient;
  readonly #watcher: ConnectionWatcher;
  #current = new AbortController();
  #attempt = new AbortController();
  #heardAt = 0;
  #isSilent = false;
  #isRestarted = false;
  #endWait: () => void = () => {};

  constructor(client: ServiceClient, watcher: ConnectionWatcher) {
    this.#client = client;
    this.#watcher = watcher;
    addEventListener("online", () => this.#restart());
    addEventListener("visibilitychange", () => {
      if (document.visibilityState !== "visible") return;
      // The stream may have died while the device slept. Only this clock counts that time.
      if (Date.now() - this.#heardAt > FRESH_MILLISECONDS) this.#restart();
    });
  }

  /** Reads the events of a conversation from now on, in place of those before. */
  open(conversation: string | null): void {
    this.close();
    this.#current = new AbortController();
    void this.#run(conversation, this.#current.signal);
  }

  close(): void {
    this.#current.abort();
    this.retry();
  }

  /** Ends a wait. */
  retry(): void {
    this.#endWait();
  }

  #restart(): void {
    this.#isRestarted = true;
    this.#attempt.abort();
    this.retry();
  }

  async #run(conversation: string | null, closed: AbortSignal): Promise<void> {
    for (let failures = 0; !closed.aborted; ) {
      let wasReached = false;
      let error: unknown = null;
      this.#isRestarted = false;
      this.#watcher.onAttempt();
      try {
        const limit = Math.min(CONNECT_MILLISECONDS * 2 ** failures, LONGEST_CONNECT_MILLISECONDS);
        for await (const event of this.#read(conversation, closed, limit)) {
          if (closed.aborted) return;
          if (!wasReached) this.#watcher.onReached();
          wasReached = true;
          this.#watcher.onEvent(event);
        }
      } catch (thrown) {
        error = thrown;
      }
      if (closed.aborted) return;
      const status = error instanceof RequestError ? error.status : 0;
      // The page asks for a key now.
      if (status === 401) return;
      if (wasReached) failures = 0;
      if (this.#isRestarted) continue;
      if (wasReached && !this.#isSilent) {
        await this.#wait(SHORT_WAIT_MILLISECONDS);
        continue;
      }
      const waitMilliseconds = Math.min(WAIT_MILLISECONDS * 2 ** failures, LONGEST_WAIT_MILLISECONDS);
      failures += 1;
      this.#watcher.onOutage({ message: status === 0 ? UNREACHABLE : (error as Error).message, waitMilliseconds });
      await this.#wait(waitMilliseconds);
    }
  }

  async *#read(conversation: string | null, closed: AbortSignal, limit: number): AsyncGenerator<PageEvent> {
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#isSilent = false;
    this.#heardAt = Date.now();
    const end = () => attempt.abort();
    const endSilent = () => {
      this.#isSilent = true;
      end();
    };
    let timer = setTimeout(endSilent, limit);
    closed.addEventListener("abort", end);
    try {
      const query = conversation === null ? "" : `?conversation=${encodeURIComponent(conversation)}`;
      const { body } = await this.#client.fetch(`/page/events${query}`, { signal: attempt.signal });
      if (body === null) return;
      yield* readEvents(body, () => {
        this.#heardAt = Date.now();
        clearTimeout(timer);
        timer = setTimeout(endSilent, SILENCE_MILLISECONDS);
      });
    } finally {
      clearTimeout(timer);
      closed.removeEventListener("abort", end);
      attempt.abort();
    }
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
