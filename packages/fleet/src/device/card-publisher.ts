import type { FitPlan, FleetSettings } from "@nanoagent/models";
import type { Agent } from "@nanoagent/runtime";
import type { BrokerSeat } from "@nanoagent/server";
import { LatestMessage } from "@nanoagent/server/mqtt";
import type { AgentCard } from "../card/agent-card.js";
import { encodeCard } from "../card/encode-card.js";
import { type CardFacts, makeCard } from "../card/make-card.js";

/** Shortest time between two messages with a card. */
const SPACING_MILLISECONDS = 5000;
/** Shortest time between two looks at the agent, whose state may change at every turn. */
const LOOK_MILLISECONDS = 5000;

export interface CardPublisherParts {
  readonly settings: FleetSettings;
  readonly readFacts: () => Promise<CardFacts>;
}

/** Keeps the card of an agent at the broker. */
export class CardPublisher {
  readonly #seat: BrokerSeat;
  readonly #parts: CardPublisherParts;
  readonly #message: LatestMessage;
  readonly #stops: (() => void)[];
  /** The card that was made last. */
  #card: AgentCard | null = null;
  /** Facts that belong to an agent, and its plan. They are read once for each. */
  #known: { readonly agent: Agent; readonly facts: CardFacts } | null = null;
  #plan: FitPlan | null = null;
  #lostParts = "";
  #isLooking = false;
  #isClosed = false;

  private constructor(seat: BrokerSeat, parts: CardPublisherParts) {
    this.#seat = seat;
    this.#parts = parts;
    const { broker, topics, agent, onNotice } = seat;
    this.#message = new LatestMessage({
      broker,
      topic: topics.card,
      spacingMilliseconds: SPACING_MILLISECONDS,
      onNotice,
    });
    this.#stops = [agent.onChange(() => {}), broker.onChange(() => {})];
  }

  static async open(seat: BrokerSeat, parts: CardPublisherParts): Promise<CardPublisher> {
    return new CardPublisher(seat, parts);
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#message.close();
  }
}
