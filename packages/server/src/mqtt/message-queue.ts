import type { OnBridgeNotice } from "./bridged-agent.js";
import type { Broker } from "./broker.js";
import { describePublishFailure } from "./describe-publish-failure.js";

export interface QueuedMessage {
  readonly topic: string;
  readonly payload: string;
  readonly correlationData?: Uint8Array | undefined;
}

export interface MessageQueueParts {
  readonly broker: Broker;
  /** Messages that may wait. Further ones are left out. */
  readonly maxWaiting: number;
  /** Notice when messages are left out: once, until the queue was empty. */
  readonly fullNotice: string;
  readonly onNotice: OnBridgeNotice;
  /** Ends the publishing. */
  readonly signal: AbortSignal;
}

/** Publishes messages in order, one at a time. Those that wait have a limit, so that a flood does not fill the memory. */
export class MessageQueue {
  readonly #parts: MessageQueueParts;
  readonly #waiting: QueuedMessage[] = [];
  #running: Promise<void> | null = null;
  #hasLeftOut = false;

  constructor(parts: MessageQueueParts) {
    this.#parts = parts;
  }

  add(message: QueuedMessage): void {
    const { maxWaiting, fullNotice, onNotice } = this.#parts;
    if (this.#waiting.length < maxWaiting) {
      this.#waiting.push(message);
      this.#running ??= this.#publishAll();
      return;
    }
    if (!this.#hasLeftOut) onNotice({ level: "warning", message: fullNotice });
    this.#hasLeftOut = true;
  }

  /** Resolves when no message waits. Never rejects. */
  async whenEmpty(): Promise<void> {
    await this.#running;
  }

  async #publishAll(): Promise<void> {
    const { broker, onNotice, signal } = this.#parts;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const { topic, payload, correlationData } = next;
      try {
        await broker.publish(topic, payload, { correlationData, signal });
      } catch (error) {
        if (!signal.aborted) onNotice({ level: "warning", message: describePublishFailure(topic, error) });
      }
      this.#waiting.shift();
      if (signal.aborted) this.#waiting.length = 0;
    }
    this.#hasLeftOut = false;
    this.#running = null;
  }
}
