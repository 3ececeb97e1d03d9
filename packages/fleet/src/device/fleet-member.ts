import type { FleetSettings } from "@nanoagent/models";
import type { Agent } from "@nanoagent/runtime";
import type { BrokerMember, BrokerSeat } from "@nanoagent/server";
import type { CardFacts } from "../card/make-card.js";
import { CardPublisher } from "./card-publisher.js";
import { UpdateChannel } from "./update-channel.js";
import type { Updater } from "./updater.js";

export interface FleetMemberParts {
  /** Key `fleet` of the agent's config. */
  readonly settings: FleetSettings;
  /** Reads the facts that only the program has. Called at the start, and for each agent that is served. */
  readonly readFacts: (agent: Agent) => Promise<CardFacts>;
  /** Takes the offers of the fleet. Null: this program does not update the agent. */
  readonly updater: Updater | null;
}

/**
 * Registers a served agent in its fleet: its card stands at the broker, and its updater gets the bundles that the fleet offers.
 * Resolves whether the broker can be reached or not.
 */
export async function openFleetMember(
  seat: BrokerSeat,
  { settings, readFacts, updater }: FleetMemberParts,
): Promise<BrokerMember> {
  const card = new CardPublisher(seat, { settings, readFacts });
  const updates = updater && new UpdateChannel(seat, updater);
  return {
    async close() {
      card.close();
      await updates?.close();
    },
  };
}
