/** Level of the protocol: 4 is MQTT 3.1.1. */
export type ProtocolVersion = 4 | 5;
