import type { MqttError } from "./mqtt-error.js";

/** The one connection to an MQTT broker, as triggers and answers use it. */
export interface Broker {
  /** Whether the connection stands now. */
  readonly isConnected: boolean;
  /** Reason why it does not, or null. */
  readonly problem: string | null;
  /** Calls back each time that the connection begins to stand, or ends. Returns a function that stops it. */
  onChange(listener: () => void): () => void;
  /**
   * Subscribes at QoS 1, now and after every reconnection. A message is acknowledged when the promise of `onMessage`
   * resolves; when it rejects, the broker sends the message again later. Returns a function that ends the
   * subscription. With `keep`, the broker is not told of it: it collects messages until the next start.
   */
  subscribe(
    filter: string,
    onMessage: (message: BrokerMessage) => Promise<void>,
  ): (options?: { readonly keep?: boolean | undefined }) => void;
  /**
   * Sends a message at QoS 1. Resolves when the broker has acknowledged it; waits while the broker cannot be reached,
   * until the signal aborts. Rejects with {@link MqttError}.
   */
  publish(topic: string, payload: string | Uint8Array, options?: PublishOptions): Promise<void>;
}

export interface BrokerMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Whether the broker had stored it before the subscription. */
  readonly retain: boolean;
  /** Where the sender wants the reply, and the data that it wants back; of MQTT 5. */
  readonly responseTopic?: string | undefined;
  readonly correlationData?: Uint8Array | undefined;
}

export interface PublishOptions {
  readonly retain?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly correlationData?: Uint8Array | undefined;
}
