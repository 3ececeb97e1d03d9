import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

/**
 * Kinds of failure of a connection to a broker:
 *
 * - `broker-unreachable`: the broker did not acknowledge a message in time, or too many messages wait for it.
 * - `broker-refused`: the broker refuses a message, or does not take one of its size.
 * - `mqtt-settings-invalid`: an address, a certificate, a key, a password or a topic cannot be used.
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
