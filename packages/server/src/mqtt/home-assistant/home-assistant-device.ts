import type { AgentTopics } from "../agent-topics.js";
import type { BridgedAgent, OnBridgeNotice } from "../bridged-agent.js";
import type { Broker } from "../broker.js";
import { describePublishFailure } from "../describe-publish-failure.js";
import { type Component, deviceConfig } from "./device-config.js";
import { readComponents } from "./read-components.js";
import { readRetained } from "./read-retained.js";

export const DEFAULT_DISCOVERY_PREFIX = "homeassistant";
/** Home Assistant's own status topic, whatever the prefix of discovery. */
const BIRTH_TOPIC = "homeassistant/status";
const BIRTH_PAYLOAD = "online";
/** Time in which the broker sends a retained message after a subscription. */
const READ_MILLISECONDS = 3000;
/** Longest wait after Home Assistant's start, so that its devices do not all publish at once. */
const BIRTH_SPREAD_MILLISECONDS = 10_000;

interface HomeAssistantParts {
  readonly broker: Broker;
  readonly topics: AgentTopics;
  readonly agent: Pick<BridgedAgent, "names" | "triggers">;
  /** Prefix of discovery. */
  readonly prefix: string;
  readonly asks: boolean;
  /** Called after Home Assistant has started and has got the config, so that states are published again. */
  readonly onBirth: () => void;
  readonly onNotice: OnBridgeNotice;
  /** A number from 0 to below 1. */
  readonly random: () => number;
}

/**
 * Publishes the agent as a device of Home Assistant: at every connection, after changes, and up to ten seconds after Home
 * Assistant has started. Before the first time, it reads the config that the broker keeps: entities that are gone, such as
 * the button of a deleted trigger, are removed from Home Assistant.
 */
export class HomeAssistantDevice {
  readonly #parts: HomeAssistantParts;
  readonly #topic: string;
  readonly #stop = new AbortController();
  readonly #stopListening: (() => void)[];
  /** Entities that Home Assistant may have, each key with its platform. Null until the broker's config is read. */
  #earlier: ReadonlyMap<string, string> | null = null;
  #published: string | null = null;
  #isStale = true;
  #isPublishing = false;
  #birthTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(parts: HomeAssistantParts) {
    this.#parts = parts;
    const { broker, prefix, topics } = parts;
    this.#topic = deviceTopic(prefix, topics.id);
    const births = new Set([BIRTH_TOPIC, `${prefix}/status`]);
    this.#stopListening = [
      ...[...births].map((topic) =>
        broker.subscribe(topic, async ({ payload, retain }) => {
          if (!retain && new TextDecoder().decode(payload) === BIRTH_PAYLOAD) this.#onBirth();
        }),
      ),
      broker.onChange(() => {
        if (broker.isConnected) this.#announce();
      }),
    ];
    void readRetained(broker, this.#topic, READ_MILLISECONDS, this.#stop.signal).then((payload) => {
      this.#earlier = (payload && readComponents(payload)) ?? new Map();
      void this.#publish();
    });
  }

  /** Publishes the config if it differs from the published one. */
  update(): void {
    if (JSON.stringify(this.#config()) === this.#published) return;
    this.#announce();
  }

  close(): void {
    this.#stop.abort();
    if (this.#birthTimer !== null) clearTimeout(this.#birthTimer);
    for (const stop of this.#stopListening) stop();
  }

  #announce(): void {
    this.#isStale = true;
    void this.#publish();
  }

  #onBirth(): void {
    this.#birthTimer ??= setTimeout(() => {
      this.#birthTimer = null;
      this.#isStale = true;
      void this.#publish().then(() => {
        if (!this.#stop.signal.aborted) this.#parts.onBirth();
      });
    }, this.#parts.random() * BIRTH_SPREAD_MILLISECONDS);
    this.#birthTimer.unref?.();
  }

  #config() {
    const { topics, agent, asks } = this.#parts;
    return deviceConfig({ topics, names: agent.names, triggers: agent.triggers.map(({ name }) => name), asks });
  }

  /** Publishes until nothing has changed meanwhile. Never rejects. */
  async #publish(): Promise<void> {
    const { broker, onNotice } = this.#parts;
    if (this.#isPublishing) return;
    this.#isPublishing = true;
    try {
      while (this.#isStale && this.#earlier !== null && broker.isConnected && !this.#stop.signal.aborted) {
        this.#isStale = false;
        await this.#send(this.#earlier);
      }
    } catch (error) {
      this.#published = null;
      if (!this.#stop.signal.aborted) {
        onNotice({ level: "warning", message: describePublishFailure(this.#topic, error) });
      }
    } finally {
      this.#isPublishing = false;
    }
  }

  /** Home Assistant removes an entity when its config has only the platform. The next config then omits it. */
  async #send(earlier: ReadonlyMap<string, string>): Promise<void> {
    const config = this.#config();
    const removed = [...earlier].filter(([key]) => !Object.hasOwn(config.components, key));
    if (removed.length > 0) {
      const gone = removed.map(([key, platform]): [string, Component] => [key, { platform }]);
      await this.#write(
        JSON.stringify({ ...config, components: { ...config.components, ...Object.fromEntries(gone) } }),
      );
    }
    const payload = JSON.stringify(config);
    await this.#write(payload);
    this.#published = payload;
    this.#earlier = new Map(Object.entries(config.components).map(([key, { platform }]) => [key, platform]));
  }

  #write(payload: string): Promise<void> {
    return this.#parts.broker.publish(this.#topic, payload, { retain: true, signal: this.#stop.signal });
  }
}

/**
 * Removes the device that an earlier start announced to Home Assistant, if the broker keeps its config. Never rejects.
 */
export async function removeDevice(
  { broker, topics, prefix, onNotice }: Pick<HomeAssistantParts, "broker" | "topics" | "prefix" | "onNotice">,
  signal: AbortSignal,
): Promise<void> {
  const topic = deviceTopic(prefix, topics.id);
  const payload = await readRetained(broker, topic, READ_MILLISECONDS, signal);
  if (payload === null || readComponents(payload) === null) return;
  try {
    await broker.publish(topic, "", { retain: true, signal });
  } catch (error) {
    if (!signal.aborted) onNotice({ level: "warning", message: describePublishFailure(topic, error) });
  }
}

/** Returns the topic at which an agent's device is announced to Home Assistant. `prefix` is that of discovery. */
export function deviceTopic(prefix: string, id: string): string {
  return `${prefix}/device/${id}/config`;
}
