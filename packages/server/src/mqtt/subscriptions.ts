import { setMaxListeners } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { BrokerMessage, SubscribeOptions } from "./broker.js";
import type { MqttClient } from "./mqtt-client.js";
import type { StoredFilters } from "./stored-filters.js";
import { disjointFilters, levelMatcher, matchesFilter } from "./topic-filter.js";

/** Pause before a message that was not taken is handed over again; it doubles with every try. */
const FIRST_PAUSE_MILLISECONDS = 1000;
const LONGEST_PAUSE_MILLISECONDS = 60_000;
/** Codes of SUBACK from here on are refusals. */
const FIRST_REFUSAL = 0x80;

export type OnMessage = (message: BrokerMessage) => Promise<void>;

/** One call of `subscribe`. */
interface Subscription {
  readonly filter: string;
  /** Whether the filter matches a topic, given as its levels. */
  readonly matches: (topic: readonly string[]) => boolean;
  readonly onMessage: OnMessage;
  /** Whether it has QoS 1. */
  readonly isAcknowledged: boolean;
  /** Whether it wants the stored message at each connection. */
  readonly wantsStored: boolean;
  /** Resolves when it ends. */
  readonly end: Promise<void>;
  /** Whether its owner has left, and messages wait for another one. */
  isKept: boolean;
}

export interface SubscriptionsParts {
  readonly stored: StoredFilters;
  readonly onNotice: (level: "info" | "warning", message: string) => void;
  readonly firstPauseMilliseconds?: number | undefined;
}

/** The filters that somebody wants messages for, and the broker's knowledge of them. */
export class Subscriptions {
  readonly #parts: SubscriptionsParts;
  /** With the function that ends each. */
  readonly #subscriptions = new Map<Subscription, () => void>();
  readonly #stop = new AbortController();
  #client: MqttClient | null = null;
  /** Filters that this connection has subscribed to. */
  #active: ReadonlySet<string> = new Set();
  /** The connection that has them. */
  #updatedClient: MqttClient | null = null;
  readonly #refused = new Map<string, number>();
  #hasNotedStranger = false;
  #updating: Promise<void> | null = null;
  /** Resolves when all owners have subscribed. Messages wait for it. */
  #ready: Promise<void> = Promise.resolve();
  #release: (() => void) | null = null;

  constructor(parts: SubscriptionsParts) {
    this.#parts = parts;
    this.#ready = new Promise((resolve) => {
      this.#release = resolve;
    });
    // One for each message that waits.
    setMaxListeners(0, this.#stop.signal);
  }

  /** One sentence about a filter that the broker refuses, or null. */
  get problem(): string | null {
    const [refused] = this.#refused;
    if (refused === undefined) return null;
    const [filter, code] = refused;
    return `The broker refused the subscription to ${filter} (code ${code}); permit it for this user at the broker.`;
  }

  /** All owners have subscribed: messages are handed over, and filters that were kept for nobody end. */
  ready(): void {
    this.#release?.();
    this.#release = null;
    for (const subscription of this.#subscriptions.keys()) if (subscription.isKept) this.#remove(subscription);
    void this.#update();
  }

  add(
    filter: string,
    onMessage: OnMessage,
    { acknowledged: isAcknowledged = true, storedAgain: wantsStored = false }: SubscribeOptions = {},
  ): (options?: { readonly keep?: boolean | undefined }) => void {
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const subscription: Subscription = {
      filter,
      matches: levelMatcher(filter),
      onMessage,
      isAcknowledged,
      wantsStored,
      end: ended,
      isKept: false,
    };
    this.#subscriptions.set(subscription, end);
    for (const other of this.#subscriptions.keys()) if (other.isKept && other.filter === filter) this.#remove(other);
    void this.#update();
    return ({ keep = false } = {}) => {
      if (keep) subscription.isKept = true;
      else this.#remove(subscription);
      void this.#update();
    };
  }

  /** Whether somebody gets the messages to a topic. */
  has(topic: string): boolean {
    const levels = topic.split("/");
    return [...this.#subscriptions.keys()].some(({ matches }) => matches(levels));
  }

  #remove(subscription: Subscription): void {
    this.#subscriptions.get(subscription)?.();
    this.#subscriptions.delete(subscription);
  }

  /** A connection begins. Resolves when it has the filters. */
  begin(client: MqttClient, isSessionPresent: boolean): Promise<void> {
    this.#client = client;
    this.#active = new Set();
    this.#hasNotedStranger = false;
    if (!isSessionPresent) this.#parts.stored.forget();
    return this.#update();
  }

  end(): void {
    this.#client = null;
  }

  close(): void {
    this.end();
    this.#stop.abort();
  }

  /** Hands a message over. Resolves when every owner has it, or after the end. Never rejects. */
  readonly deliver = async (message: BrokerMessage): Promise<void> => {
    if (this.#release !== null) await this.#ready;
    const levels = message.topic.split("/");
    const owners: Subscription[] = [];
    for (const subscription of this.#subscriptions.keys()) if (subscription.matches(levels)) owners.push(subscription);
    const [first] = owners;
    if (first === undefined) this.#noteStranger(message.topic);
    else if (owners.length === 1) await this.#handOver(message, first, owners);
    else await Promise.all(owners.map((owner) => this.#handOver(message, owner, owners)));
  };

  async #handOver(message: BrokerMessage, owner: Subscription, tried: Subscription[]): Promise<void> {
    const { signal } = this.#stop;
    let milliseconds = this.#parts.firstPauseMilliseconds ?? FIRST_PAUSE_MILLISECONDS;
    while (this.#subscriptions.has(owner)) {
      if (owner.isKept) {
        await owner.end;
        break;
      }
      try {
        return await owner.onMessage(message);
      } catch {
        // The owner reports its failures itself.
        await pause(milliseconds, undefined, { signal }).catch(() => {});
      }
      // Nothing is acknowledged after the end.
      if (signal.aborted) return new Promise(() => {});
      milliseconds = Math.min(LONGEST_PAUSE_MILLISECONDS, 2 * milliseconds);
    }
    // The owner left without taking it. Those that have come in its place get it.
    await this.#ready;
    const successors = [...this.#subscriptions.keys()].filter(
      (next) => next.filter === owner.filter && !tried.includes(next),
    );
    tried.push(...successors);
    await Promise.all(successors.map((next) => this.#handOver(message, next, tried)));
  }

  #noteStranger(topic: string): void {
    if (this.#hasNotedStranger) return;
    this.#hasNotedStranger = true;
    const message = `A message to ${topic} was dropped: the broker still had a subscription that nothing uses now.`;
    this.#parts.onNotice("info", message);
  }

  /** Brings the broker up to date. Resolves when the packets are sent. Never rejects. */
  #update(): Promise<void> {
    this.#updating ??= this.#bringUpToDate();
    return this.#updating;
  }

  async #bringUpToDate(): Promise<void> {
    // Calls in a row become one packet.
    await Promise.resolve();
    let client = this.#client;
    while (client !== null && this.#release === null && !(client === this.#updatedClient && this.#isUpToDate())) {
      const { stored } = this.#parts;
      const wanted = this.#wantedFilters();
      // Before the broker knows of them, so that none is forgotten there.
      await stored.add(wanted);
      if (client === this.#client) this.#send(client, wanted);
      client = this.#client;
    }
    this.#updating = null;
  }

  #send(client: MqttClient, wanted: ReadonlySet<string>): void {
    const { stored } = this.#parts;
    const fresh = [...wanted].filter((filter) => !this.#active.has(filter));
    const old = [...new Set([...this.#active, ...stored.filters])].filter((filter) => !wanted.has(filter));
    this.#updatedClient = client;
    this.#active = wanted;
    for (const filter of old) this.#refused.delete(filter);
    const unacknowledged = new Set(fresh.filter((filter) => this.#isUnacknowledged(filter)));
    const qosOf = (filter: string) => (unacknowledged.has(filter) ? 0 : 1);
    client.subscribe(
      fresh,
      (filter, code) => this.#noteReply(filter, code, qosOf(filter)),
      qosOf,
      (filter) => this.#wantsStored(filter),
    );
    if (old.length > 0)
      client.unsubscribe(old, () => void stored.remove(old.filter((filter) => !this.#active.has(filter))));
  }

  #wantedFilters(): ReadonlySet<string> {
    return new Set(disjointFilters([...this.#subscriptions.keys()].map(({ filter }) => filter)));
  }

  /** Whether all subscriptions that a filter stands for have QoS 0. */
  #isUnacknowledged(filter: string): boolean {
    const covered = [...this.#subscriptions.keys()].filter((one) => matchesFilter(filter, one.filter));
    return covered.length > 0 && covered.every(({ isAcknowledged }) => !isAcknowledged);
  }

  /** Whether a subscription that a filter stands for wants the stored messages again. */
  #wantsStored(filter: string): boolean {
    return [...this.#subscriptions.keys()].some((one) => one.wantsStored && matchesFilter(filter, one.filter));
  }

  #isUpToDate(): boolean {
    const wanted = this.#wantedFilters();
    return wanted.size === this.#active.size && [...wanted].every((filter) => this.#active.has(filter));
  }

  #noteReply(filter: string, code: number, wantedQos: 0 | 1): void {
    const { onNotice } = this.#parts;
    if (code >= FIRST_REFUSAL) this.#refused.set(filter, code);
    else this.#refused.delete(filter);
    if (code >= FIRST_REFUSAL) onNotice("warning", this.problem ?? "");
    else if (code < wantedQos) {
      const advice = "messages can be lost while the connection is down; permit QoS 1 at the broker.";
      onNotice("warning", `The broker grants ${filter} only without acknowledgements (QoS 0): ${advice}`);
    }
  }
}
