import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

/**
 * Kinds of failure of a connection to a broker:
 *
 * - `broker-unreachable`: nothing answers at the address, or the connection broke before the broker acknowledged.
 * - `broker-refused`: the broker does not let this client in, or refuses a topic.
 * - `mqtt-settings-invalid`: an address, a certificate or a key cannot be used.
 * - `mqtt-closed`: this side closed the connection.
 */
export type MqttErrorCode = "broker-unreachable" | "broker-refused" | "mqtt-settings-invalid" | "mqtt-closed";

/** A failure of the connection to an MQTT broker. */
export class MqttError extends NanoAgentError {
  override name = "MqttError";
  declare readonly code: MqttErrorCode;

  // The code is one of a list, so it needs a constructor of its own.
  constructor(parts: ErrorParts & { code: MqttErrorCode }) {
    super(parts);
  }
}
