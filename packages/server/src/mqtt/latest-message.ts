import type { OnBridgeNotice } from "./bridged-agent.js";
import type { Broker } from "./broker.js";
import { describePublishFailure } from "./describe-publish-failure.js";

export interface LatestMessageParts {
  readonly broker: Broker;
  readonly topic: string;
  /** A retained message that is published before each value, since the value must not stand without it. */
  readonly companion?: { readonly topic: string; readonly payload: string } | undefined;
  /** Shortest time between two messages. */
  readonly spacingMilliseconds: number;
  readonly onNotice: OnBridgeNotice;
}

/**
 * A retained topic that follows a value. The newest value is published when it differs from the published one, at most one
 * message at a time and with a pause in between; values that were replaced before are left out. While the broker cannot be
 * reached, nothing is published: its owner calls {@link again} when it can.
 */
export class LatestMessage {
  readonly #parts: LatestMessageParts;
  readonly #stop = new AbortController();
  #wanted: string | null = null;
  #published: string | null = null;
  /** Grows with each call of `again`, so that a message under way does not count as the newest afterwards. */
  #generation = 0;
  #isPublishing = false;
  #earliestNext = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #lastProblem: string | null = null;

  constructor(parts: LatestMessageParts) {
    this.#parts = parts;
  }

  /** Publishes a value unless it is published already. */
  set(payload: string): void {
    this.#wanted = payload;
    this.#publish();
  }

  /** Publishes the newest value even if it is published, since the broker or its clients may not have it. */
  again(payload: string | null = this.#wanted): void {
    this.#wanted = payload;
    this.#generation += 1;
    this.#published = null;
    this.#publish();
  }

  close(): void {
    this.#stop.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #publish(): void {
    const { broker, spacingMilliseconds } = this.#parts;
    const payload = this.#wanted;
    if (payload === null || payload === this.#published || this.#isPublishing || this.#timer !== null) return;
    if (this.#stop.signal.aborted || !broker.isConnected) return;
    const wait = this.#earliestNext - Date.now();
    // A clock that was set back must not stop the messages.
    if (wait > 0 && wait <= spacingMilliseconds) {
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.#publish();
      }, wait);
      this.#timer.unref?.();
      return;
    }
    void this.#send(payload);
  }

  async #send(payload: string): Promise<void> {
    const { broker, topic, companion, spacingMilliseconds, onNotice } = this.#parts;
    const generation = this.#generation;
    const options = { retain: true, signal: this.#stop.signal };
    this.#isPublishing = true;
    let isPublished = false;
    // Its own owner reports its failures.
    if (companion !== undefined) void broker.publish(companion.topic, companion.payload, options).catch(() => {});
    try {
      await broker.publish(topic, payload, options);
      isPublished = true;
      this.#lastProblem = null;
      if (generation === this.#generation) this.#published = payload;
    } catch (error) {
      const message = describePublishFailure(topic, error);
      if (!this.#stop.signal.aborted && message !== this.#lastProblem) onNotice({ level: "warning", message });
      this.#lastProblem = message;
    }
    this.#isPublishing = false;
    this.#earliestNext = Date.now() + spacingMilliseconds;
    // After a failure, the next value or the next connection is the next try.
    if (isPublished) this.#publish();
  }
}
