import type { BrokerConnection } from "@nanoagent/server/mqtt";
import type { Registry } from "./registry.js";

export interface RegistryOptions {
  /** First levels of the topics. Default: `nanoagent`. */
  readonly prefix?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Silence after which all retained messages are here. Default: 400, or three times as long as connecting took. */
  readonly quietMilliseconds?: number | undefined;
}

/**
 * Reads the agents of a fleet from its broker. Subscribes, calls `ready` of the connection, and resolves when the messages
 * that the broker keeps are here, after ten seconds at most. Rejects with {@link MqttError} `broker-unreachable` if the broker
 * cannot be reached.
 */
export async function openRegistry(_connection: BrokerConnection, _options: RegistryOptions = {}): Promise<Registry> {
  throw new Error("not written yet");
}
