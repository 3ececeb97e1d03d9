import type { Agent } from "@nanoagent/runtime";
import type { AgentTopics } from "../mqtt/agent-topics.js";
import type { OnBridgeNotice } from "../mqtt/bridged-agent.js";
import type { Broker } from "../mqtt/broker.js";
import type { ServiceStatus } from "../status/service-status.js";

/** Registers a served agent in its fleet. `openFleetMember` of `@nanoagent/fleet` does. */
export type JoinFleet = (seat: BrokerSeat) => Promise<BrokerMember>;

/** A place at the connection of a service to its broker, for a part that is not in this package: the fleet. */
export interface BrokerSeat {
  readonly broker: Broker;
  readonly topics: AgentTopics;
  readonly agent: JoinedAgent;
  readonly onNotice: OnBridgeNotice;
}

/** A served agent, as such a part sees it. */
export interface JoinedAgent {
  /** The agent that is served now. */
  readonly agent: Agent;
  /** Version of nanoagent. */
  readonly version: string;
  status(): Promise<ServiceStatus>;
  /** Calls back when another agent is served or the state may have changed. Returns a function that stops it. */
  onChange(listener: () => void): () => void;
}

/** The part that has taken the place. It is closed before the connection, and opened again when the settings change. */
export interface BrokerMember {
  close(): Promise<void>;
}
