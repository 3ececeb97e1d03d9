import type { MqttTriggerSource } from "@nanoagent/models";
import type { BrokerMessage } from "../../mqtt/broker.js";
import type { AcceptEvent } from "../trigger-event.js";
import { EventFeed } from "./event-feed.js";
import type { EventSource, SourceState } from "./event-source.js";
import { readPayload } from "./read-payload.js";
import type { SourceContext } from "./source-context.js";

/**
 * Messages of a broker. A message is acknowledged when its event is on disk; while the queue is full, it waits, and those
 * behind it do.
 */
export class MqttSource implements EventSource {
  readonly #settings: MqttTriggerSource;
  readonly #context: SourceContext;
  #feed: EventFeed | null = null;
  #end: ((options: { keep: boolean }) => void) | null = null;

  constructor(settings: MqttTriggerSource, context: SourceContext) {
    this.#settings = settings;
    this.#context = context;
  }

  get state(): SourceState {
    const { broker } = this.#context;
    if (broker === null) {
      return {
        status: "failing",
        problem: "The config has no mqtt, so there is no broker to listen to. Add mqtt.url.",
      };
    }
    if (!broker.isConnected) return { status: "waiting", problem: broker.problem };
    const problem = this.#feed?.problem ?? null;
    return { status: problem === null ? "listening" : "failing", problem };
  }

  start(accept: AcceptEvent): void {
    const { broker, clock } = this.#context;
    if (broker === null || this.#end !== null) return;
    this.#feed = new EventFeed({ accept, clock });
    this.#end = broker.subscribe(this.#settings.topic, (message) => this.#take(message));
  }

  noteRoom(): void {
    this.#feed?.retry();
  }

  /** The broker keeps the messages that arrive from now on, for the next start. */
  async close(): Promise<void> {
    this.#end?.({ keep: true });
    await this.#feed?.close();
  }

  async #take({ topic, payload, retain }: BrokerMessage): Promise<void> {
    const { trigger, clock, isOwnTopic } = this.#context;
    if (retain && this.#settings.retained !== true) return;
    // The agent tells of every act there, so a trigger that listens to it would never come to rest.
    if (isOwnTopic?.(topic)) return;
    const isTaken = await this.#feed?.add({ trigger, at: clock.now(), topic, payload: readPayload(payload) });
    // Without an acknowledgement, the broker sends it again.
    if (isTaken !== true) throw new Error("The trigger is closed.");
  }
}
