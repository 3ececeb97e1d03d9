export { type AgentTopics, agentIdOf, agentTopics, OFFLINE, ONLINE } from "./agent-topics.js";
export { type AgentIdentity, agentIdentity } from "./agent-identity.js";
export type { Broker, BrokerMessage, PublishOptions, SubscribeOptions } from "./broker.js";
export { BrokerBridge, type BridgeParts } from "./broker-bridge.js";
export type {
  ActOutcome,
  AgentNames,
  AgentFacts,
  AgentState,
  BridgedAgent,
  BridgeNotice,
  FinishedAct,
  TriggerAnswered,
} from "./bridged-agent.js";
export type { BrokerSettingsPlace } from "./broker-settings.js";
export { DEFAULT_DISCOVERY_PREFIX, deviceTopic } from "./home-assistant/home-assistant-device.js";
export { isAgentDevice } from "./home-assistant/read-components.js";
export type { BrokerNotice } from "./mqtt-connection.js";
export { MqttError, type MqttErrorCode } from "./mqtt-error.js";
export { LatestMessage, type LatestMessageParts } from "./latest-message.js";
export { type BrokerConnection, type OpenBrokerOptions, openBroker } from "./open-broker.js";
export { MAX_ASK_BYTES } from "./read-ask.js";
