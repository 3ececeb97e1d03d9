import { asSentence, type FitPlan, type FleetSettings } from "@nanoagent/models";
import type { Agent } from "@nanoagent/runtime";
import type { BrokerSeat } from "@nanoagent/server";
import { LatestMessage, ONLINE } from "@nanoagent/server/mqtt";
import { MAX_CARD_BYTES } from "../card/agent-card.js";
import { encodeCard } from "../card/encode-card.js";
import { type CardFacts, makeCard } from "../card/make-card.js";

/** Shortest time between two messages with a card. */
const SPACING_MILLISECONDS = 5000;
/** Shortest time between two looks at the agent, whose state may change at every turn. */
const LOOK_MILLISECONDS = 5000;

export interface CardPublisherParts {
  /** Key `fleet` of the agent's config. */
  readonly settings: FleetSettings;
  /** Reads the facts that only the program has. Called once for each agent that is served. */
  readonly readFacts: (agent: Agent) => Promise<CardFacts>;
}

/** Facts of one agent. They are read again for its successor. */
interface KnownFacts extends CardFacts {
  readonly agent: Agent;
  /** Plan of the local model, as it was known last. */
  readonly plan: FitPlan | null;
}

/**
 * Keeps the card of a served agent at the broker: at every connection, and when something in it changes, each time with its
 * status. Nothing is published while the card stays the same.
 */
export class CardPublisher {
  readonly #seat: BrokerSeat;
  readonly #parts: CardPublisherParts;
  readonly #message: LatestMessage;
  readonly #stops: (() => void)[];
  #facts: KnownFacts | null = null;
  /** The card without its time, and that time. */
  #content = "";
  #at = "";
  #lastNotice = "";
  #isLooking = false;
  /** Whether the agent may have changed since the last look, and whether the broker may have lost the card. */
  #isLookDue = false;
  #isAgainDue = false;
  #rest: ReturnType<typeof setTimeout> | null = null;
  #isClosed = false;

  constructor(seat: BrokerSeat, parts: CardPublisherParts) {
    this.#seat = seat;
    this.#parts = parts;
    const { broker, topics, agent, onNotice } = seat;
    this.#message = new LatestMessage({
      broker,
      topic: topics.card,
      // Somebody may have cleared both with `fleet forget`. A card alone would be that of an agent that is offline.
      companion: { topic: topics.status, payload: ONLINE },
      spacingMilliseconds: SPACING_MILLISECONDS,
      onNotice,
    });
    this.#stops = [agent.onChange(() => this.#askForLook(false)), broker.onChange(() => this.#askForLook(true))];
    this.#askForLook(true);
  }

  close(): void {
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    if (this.#rest !== null) clearTimeout(this.#rest);
    this.#message.close();
  }

  /** While the broker cannot be reached, there is nothing to do: the next connection begins with a look. */
  #askForLook(isAgain: boolean): void {
    if (this.#isClosed || !this.#seat.broker.isConnected) return;
    this.#isLookDue = true;
    this.#isAgainDue ||= isAgain;
    if (!this.#isLooking && (this.#rest === null || isAgain)) void this.#look();
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    do {
      const isAgain = this.#isAgainDue;
      this.#isLookDue = this.#isAgainDue = false;
      await this.#publish(isAgain).catch((error) => {
        this.#note(
          `The card of this agent cannot be made now: ${messageOf(error)} It is tried again at the next change.`,
        );
      });
    } while (this.#isAgainDue && !this.#isClosed);
    this.#isLooking = false;
    if (this.#isClosed) return;
    if (this.#rest !== null) clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      this.#rest = null;
      if (this.#isLookDue) this.#askForLook(false);
    }, LOOK_MILLISECONDS);
    this.#rest.unref?.();
  }

  async #publish(isAgain: boolean): Promise<void> {
    const { topics, agent: joined } = this.#seat;
    const { settings } = this.#parts;
    const { health } = await joined.status();
    // A service that stops publishes `offline`, and its card says how it was.
    if (health.reasons.some(({ code }) => code === "stopping")) return;
    const { agent, version } = joined;
    const facts = await this.#readFacts(agent);
    if (this.#isClosed) return;
    const versions = { nanoagent: version, node: process.versions.node };
    const card = makeCard({ id: topics.id, settings, agent, plan: facts.plan, versions, facts, health, at: "" });
    const content = JSON.stringify(card);
    if (content !== this.#content) this.#at = new Date().toISOString();
    this.#content = content;
    const { payload, lost } = encodeCard({ ...card, at: this.#at });
    if (lost.length > 0) this.#note(describeLoss(lost));
    if (isAgain) this.#message.again(payload);
    else this.#message.set(payload);
  }

  async #readFacts(agent: Agent): Promise<KnownFacts> {
    const known = this.#facts?.agent === agent ? this.#facts : null;
    const facts = known ?? { ...(await this.#parts.readFacts(agent)), agent, plan: null };
    // A model is planned again when it is loaded again. An agent that is being replaced no longer tells.
    const plan = (await planOf(agent)) ?? facts.plan;
    this.#facts = { ...facts, plan };
    return this.#facts;
  }

  #note(message: string): void {
    if (message !== this.#lastNotice) this.#seat.onNotice({ level: "warning", message });
    this.#lastNotice = message;
  }
}

async function planOf(agent: Agent): Promise<FitPlan | null> {
  if (agent.engine.name !== "llama") return null;
  const report = await agent.memory().catch(() => null);
  return report?.engine?.plan ?? null;
}

function describeLoss(lost: readonly string[]): string {
  const limit = `${MAX_CARD_BYTES / 1024} KB`;
  return (
    `The card of this agent lacks ${lost.join(", ")}, because it would have more than ${limit} otherwise. ` +
    "Use fewer labels, tools or capabilities."
  );
}

function messageOf(error: unknown): string {
  return asSentence(error instanceof Error ? error.message : String(error));
}
