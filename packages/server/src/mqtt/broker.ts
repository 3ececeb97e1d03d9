import type { MqttError } from "./mqtt-error.js";

/** The one connection to an MQTT broker, as triggers and answers use it. */
export interface Broker {
  /** Whether the connection stands now. */
  readonly isConnected: boolean;
  /** One sentence with the reason why it does not, or why a subscription has no effect, and with advice; or null. */
  readonly problem: string | null;
  /** Calls back each time that the connection begins to stand, or ends. Returns a function that stops it. */
  onChange(listener: () => void): () => void;
  /**
   * Subscribes at QoS 1, now and after every reconnection. Returns a function that ends the subscription. With `keep`, the
   * broker is not told of it: messages wait until somebody subscribes to the same filter again, also after a restart.
   *
   * - A message is acknowledged when the promise of `onMessage` resolves. Many messages are handed over at the same time,
   *   in the order in which they came, and are acknowledged in that order.
   * - When the promise rejects, the same message is handed over again after a pause, one second at first and a minute at
   *   most. Those behind it are handed over, too, but not acknowledged before it. After the end of this program, the
   *   broker sends all of them again.
   * - The broker may send an acknowledged message again if the acknowledgement was lost.
   * - `onMessage` must not wait for {@link publish}.
   * - With `acknowledged: false`, the subscription has QoS 0: a message is sent once, and is lost if the connection breaks or
   *   cannot take more. Brokers queue about a thousand messages at QoS 1, and drop further retained ones; those at QoS 0 need
   *   no queue. The first subscription of a filter decides.
   *
   * Throws {@link MqttError} `mqtt-settings-invalid` for a filter that is not valid.
   */
  subscribe(
    filter: string,
    onMessage: (message: BrokerMessage) => Promise<void>,
    options?: SubscribeOptions,
  ): (options?: { readonly keep?: boolean | undefined }) => void;
  /** Whether a message to a topic would come to somebody who has subscribed here. */
  isSubscribedTo(topic: string): boolean;
  /**
   * Sends a message at QoS 1. Resolves when the broker has acknowledged it; waits while the broker cannot be reached,
   * until the signal aborts. After a reconnection it is sent again, so the broker may get it twice. Rejects with
   * {@link MqttError}, also when too many messages wait.
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

export interface SubscribeOptions {
  /** Default: true, QoS 1. */
  readonly acknowledged?: boolean | undefined;
  /**
   * Whether the broker sends its stored message at each connection, also one that was acknowledged before. Brokers of MQTT 5
   * otherwise send it only if the subscription is new. Default: false.
   */
  readonly storedAgain?: boolean | undefined;
}

export interface PublishOptions {
  readonly retain?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly correlationData?: Uint8Array | undefined;
}
