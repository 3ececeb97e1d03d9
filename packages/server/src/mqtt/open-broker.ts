import type { MqttSettings } from "@nanoagent/models";
import type { Broker } from "./broker.js";
import { type BrokerSettingsPlace, resolveBroker } from "./broker-settings.js";
import { type BrokerNotice, type ConnectionTimes, MqttConnection } from "./mqtt-connection.js";
import { StoredFilters } from "./stored-filters.js";

export interface OpenBrokerOptions extends BrokerSettingsPlace {
  /** Message that the broker publishes when it loses this client. */
  readonly will?: { readonly topic: string; readonly payload: string; readonly retain: boolean } | undefined;
  /**
   * Whether the broker keeps subscriptions, and messages for them, while this client is away. Default: true. A program that
   * looks something up and ends leaves nothing behind with false.
   */
  readonly keepsSession?: boolean | undefined;
  /** File with the filters that the broker knows, such as `session.dir/mqtt-topics.json`. Default: none is kept. */
  readonly filtersPath?: string | undefined;
  readonly onNotice?: ((notice: BrokerNotice) => void) | undefined;
  /** @internal */
  readonly times?: Partial<ConnectionTimes> | undefined;
}

/** A connection to a broker, as its owner sees it. */
export interface BrokerConnection extends Broker, AsyncDisposable {
  /** Address in the settings. */
  readonly url: string;
  /** Version of the protocol on the connection that stands, or null. */
  readonly protocol: "3.1.1" | "5" | null;
  /** Messages that wait for the broker's acknowledgement. */
  readonly waitingMessages: number;
  /** Calls back with the topic of each message that is too large to be read. Returns a function that stops it. */
  onTooLarge(listener: (topic: string) => void): () => void;
  /**
   * Says that all owners have subscribed. The first call begins to connect: messages that the broker kept meanwhile would
   * have no owner before. A later call, after owners were replaced, ends subscriptions that were kept for nobody.
   */
  ready(): void;
  /**
   * Ends the connection, without the will. Messages that are being handed over have a second to be acknowledged. The
   * broker keeps the subscriptions, and messages for them, if the session is kept. Safe to call twice.
   */
  close(): Promise<void>;
}

/**
 * Prepares the connection to a broker. It connects after {@link BrokerConnection.ready}, and again whenever the connection ends,
 * after a second at first and at most a minute. Throws {@link MqttError} `mqtt-settings-invalid` for settings that cannot
 * work; everything else is a `problem`.
 */
export async function openBroker(settings: MqttSettings, options: OpenBrokerOptions): Promise<BrokerConnection> {
  const { will, filtersPath, keepsSession = true, onNotice = () => {}, times } = options;
  const broker = await resolveBroker(settings, options);
  const name = `${broker.host}:${broker.port}/${broker.clientId}`;
  const stored = await StoredFilters.open(filtersPath ?? null, name, (level, message) => onNotice({ level, message }));
  return new MqttConnection({ broker, will, stored, keepsSession, onNotice, times });
}
