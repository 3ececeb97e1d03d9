import type { MqttTriggerSource } from "@nanoagent/models";
import type { BrokerMessage } from "../../mqtt/broker.js";
import type { AcceptEvent } from "../trigger-event.js";
import { describeRefusal, lossOf, refusalOf } from "./event-feed.js";
import type { EventSource, SourceState } from "./event-source.js";
import { readPayload } from "./read-payload.js";
import type { SourceContext } from "./source-context.js";

/** Messages of a broker. A message is acknowledged when its event is on disk. */
export class MqttSource implements EventSource {
  readonly #settings: MqttTriggerSource;
  readonly #context: SourceContext;
  readonly #accepting = new Set<Promise<unknown>>();
  #end: ((options: { keep: boolean }) => void) | null = null;
  #refusal: string | null = null;
  #isClosed = false;

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
    return { status: this.#refusal === null ? "listening" : "failing", problem: this.#refusal };
  }

  start(accept: AcceptEvent): void {
    const { broker } = this.#context;
    if (broker === null || this.#end !== null) return;
    this.#end = broker.subscribe(this.#settings.topic, (message) => this.#take(message, accept));
  }

  /** The broker keeps the messages that arrive from now on, for the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#end?.({ keep: true });
    await Promise.allSettled(this.#accepting);
  }

  async #take(message: BrokerMessage, accept: AcceptEvent): Promise<void> {
    if (this.#isClosed) throw new Error("The trigger is closed.");
    if (message.retain && this.#settings.retained !== true) return;
    const { trigger, clock, onNotice } = this.#context;
    const { topic, payload } = message;
    const accepting = accept({ trigger, at: clock.now(), topic, payload: readPayload(payload) });
    this.#accepting.add(accepting);
    const acceptance = await accepting.finally(() => this.#accepting.delete(accepting));
    const refusal = refusalOf(acceptance);
    this.#refusal = refusal === null ? null : describeRefusal(refusal);
    // Without an acknowledgement, the broker sends it again.
    if (this.#refusal !== null) throw new Error(this.#refusal);
    const loss = lossOf(acceptance);
    if (loss !== null) onNotice?.(loss);
  }
}
