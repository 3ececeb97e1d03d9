import type { PageEvent } from "../src/page/page-events.js";
import { readEvents } from "./read-events.js";
import { RequestError, type ServiceClient } from "./service-client.js";

/** The service writes something at least every 20 s. */
const SILENCE_MILLISECONDS = 45_000;
/** Wait before a stream that ended is opened again. */
const SHORT_WAIT_MILLISECONDS = 250;
/** First and longest wait after a failure. */
const WAIT_MILLISECONDS = 1000;
const LONGEST_WAIT_MILLISECONDS = 15_000;

export interface ConnectionWatcher {
  onEvent(event: PageEvent): void;
  /** The service cannot be used. It is tried again after the given time. */
  onOutage(outage: { message: string; waitMilliseconds: number }): void;
  /** The service answers. */
  onReached(): void;
}

/** The stream of events. It is opened again whenever it ends, with growing waits while that fails. */
export class Connection {
  readonly #client: ServiceClient;
  readonly #watcher: ConnectionWatcher;
  #current = new AbortController();
  #endWait: () => void = () => {};

  constructor(client: ServiceClient, watcher: ConnectionWatcher) {
    this.#client = client;
    this.#watcher = watcher;
    addEventListener("online", () => this.retry());
    addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.retry());
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

  async #run(conversation: string | null, closed: AbortSignal): Promise<void> {
    for (let failures = 0; ; ) {
      let wasReached = false;
      let error: unknown = null;
      try {
        for await (const event of this.#read(conversation, closed)) {
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
      if (wasReached) {
        failures = 0;
        await this.#wait(SHORT_WAIT_MILLISECONDS);
      } else {
        const waitMilliseconds = Math.min(WAIT_MILLISECONDS * 2 ** failures, LONGEST_WAIT_MILLISECONDS);
        failures += 1;
        const message = status === 0 ? "The service cannot be reached." : (error as Error).message;
        this.#watcher.onOutage({ message, waitMilliseconds });
        await this.#wait(waitMilliseconds);
      }
      if (closed.aborted) return;
    }
  }

  async *#read(conversation: string | null, closed: AbortSignal): AsyncGenerator<PageEvent> {
    const attempt = new AbortController();
    const end = () => attempt.abort();
    let timer = setTimeout(end, SILENCE_MILLISECONDS);
    closed.addEventListener("abort", end);
    try {
      const query = conversation === null ? "" : `?conversation=${encodeURIComponent(conversation)}`;
      const { body } = await this.#client.fetch(`/page/events${query}`, { signal: attempt.signal });
      if (body === null) return;
      yield* readEvents(body, () => {
        clearTimeout(timer);
        timer = setTimeout(end, SILENCE_MILLISECONDS);
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
