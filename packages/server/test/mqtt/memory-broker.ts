import type { Broker, BrokerMessage, PublishOptions } from "../../src/mqtt/broker.js";
import { MqttError } from "../../src/mqtt/mqtt-error.js";

export interface Published extends PublishOptions {
  readonly topic: string;
  readonly text: string;
}

/** A broker in memory, with one client. Messages of others are sent with {@link MemoryBroker.send}. */
export class MemoryBroker implements Broker {
  isConnected = false;
  readonly problem: string | null = null;
  /** Messages of the client that the broker acknowledged, oldest first. */
  readonly published: Published[] = [];
  readonly retained = new Map<string, string>();
  /** Topics that the broker refuses. */
  readonly refused = new Set<string>();
  /** Called for each message of the client, as another client of the broker. */
  onPublished: (message: Published) => void = () => {};
  readonly #subscriptions = new Set<{ filter: string; onMessage: (message: BrokerMessage) => Promise<void> }>();
  readonly #listeners = new Set<() => void>();
  #waiting: (() => void)[] = [];
  /** While true, nothing is acknowledged. */
  #isHeld = false;

  get filters(): string[] {
    return [...this.#subscriptions].map(({ filter }) => filter);
  }

  connect(): void {
    this.isConnected = true;
    for (const listener of [...this.#listeners]) listener();
    for (const subscription of [...this.#subscriptions]) this.#sendRetained(subscription);
    this.#flush();
  }

  disconnect(): void {
    this.isConnected = false;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Holds acknowledgements back, until `release`. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#flush();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  subscribe(filter: string, onMessage: (message: BrokerMessage) => Promise<void>): () => void {
    const subscription = { filter, onMessage };
    this.#subscriptions.add(subscription);
    if (this.isConnected) this.#sendRetained(subscription);
    return () => this.#subscriptions.delete(subscription);
  }

  isSubscribedTo(topic: string): boolean {
    return this.filters.some((filter) => fits(filter, topic));
  }

  async publish(topic: string, payload: string | Uint8Array, options: PublishOptions = {}): Promise<void> {
    const text = typeof payload === "string" ? payload : new TextDecoder().decode(payload);
    while (!this.isConnected || this.#isHeld) {
      await new Promise<void>((resolve, reject) => {
        const abort = () => reject(options.signal?.reason);
        this.#waiting.push(() => {
          options.signal?.removeEventListener("abort", abort);
          resolve();
        });
        options.signal?.addEventListener("abort", abort, { once: true });
      });
    }
    options.signal?.throwIfAborted();
    await Promise.resolve();
    if (this.refused.has(topic)) {
      throw new MqttError({ code: "broker-refused", message: `The broker refuses messages to ${topic}.` });
    }
    const message = { ...options, topic, text };
    this.published.push(message);
    if (options.retain) this.#keep(topic, text);
    this.onPublished(message);
  }

  /** Sends a message of another client. Resolves when all subscriptions acknowledged it. */
  async send(topic: string, payload: string | Uint8Array, more: Partial<BrokerMessage> = {}): Promise<void> {
    const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
    const fitting = [...this.#subscriptions].filter(({ filter }) => fits(filter, topic));
    await Promise.all(fitting.map(({ onMessage }) => onMessage({ topic, payload: bytes, retain: false, ...more })));
  }

  /** Payloads that were published to a topic, oldest first. */
  textsOf(topic: string): string[] {
    return this.published.filter((message) => message.topic === topic).map(({ text }) => text);
  }

  jsonOf(topic: string): Record<string, unknown>[] {
    return this.textsOf(topic).map((text) => JSON.parse(text));
  }

  #keep(topic: string, text: string): void {
    if (text === "") this.retained.delete(topic);
    else this.retained.set(topic, text);
  }

  #sendRetained({ filter, onMessage }: { filter: string; onMessage: (message: BrokerMessage) => Promise<void> }): void {
    for (const [topic, text] of this.retained) {
      const payload = new TextEncoder().encode(text);
      if (fits(filter, topic)) queueMicrotask(() => void onMessage({ topic, payload, retain: true }));
    }
  }

  #flush(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function fits(filter: string, topic: string): boolean {
  const pattern = filter.replaceAll(/[.*?^$()[\]{}|\\]/g, "\\$&").replaceAll("+", "[^/]*");
  return new RegExp(`^${pattern}$`).test(topic);
}
