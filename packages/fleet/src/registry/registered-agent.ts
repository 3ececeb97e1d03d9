import type { AgentCard } from "../card/agent-card.js";
import type { ReportedUpdate } from "../offers/parse-update.js";

/** An agent of a fleet, as the broker knows it at one moment. */
export interface RegisteredAgent {
  /** Level of its topics. */
  readonly id: string;
  /** Whether its connection to the broker stands. */
  readonly online: boolean;
  readonly card: AgentCard;
  /** State of its last update, or null. */
  readonly update: ReportedUpdate | null;
}

/** Kinds of change: the agent is new, its connection stands or ended, its card or its update is another one, or it is gone. */
export type AgentChange = "registered" | "online" | "offline" | "card" | "update" | "forgotten";
