import { agentTopics, type BrokerConnection, OFFLINE, ONLINE, openBroker } from "@nanoagent/server/mqtt";
import { expect, onTestFinished, vi } from "vitest";
import { patience, shortTimes } from "../../../server/test/mqtt/opened-broker.js";
import type { BundleOffer, UpdateMessage } from "../../src/offers/bundle-offer.js";
import { parseOffer } from "../../src/offers/parse-offer.js";
import { updateOf } from "../offers/offer-parts.js";
import { cardText } from "./fleet-cards.js";

/** Answers an offer. */
export type Script = (device: FakeDevice, offer: BundleOffer) => Promise<void>;

/** Goes through a few steps, and has the bundle. */
export const applies: Script = async (device, offer) => {
  await device.say(offer, { state: "fetching", progress: 0.5 });
  await device.apply(offer);
};

export function fails(state: "refused" | "rolled-back", reason: string): Script {
  return async (device, offer) => {
    await device.say(offer, { state: "fetching" });
    await device.say(offer, { state, reason });
  };
}

/** A client of a broker that behaves as an agent of a fleet, and answers offers as its script says. */
export class FakeDevice {
  readonly id: string;
  /** Offers that it got, oldest first; null for a withdrawal. */
  readonly offers: (BundleOffer | null)[] = [];
  script: Script;
  readonly connection: BrokerConnection;
  readonly #prefix: string;

  private constructor(id: string, prefix: string, connection: BrokerConnection, script: Script) {
    this.id = id;
    this.#prefix = prefix;
    this.connection = connection;
    this.script = script;
  }

  /** `sequence`: that of the bundle that it has; null without one. */
  static async start(
    url: string,
    id: string,
    { prefix = "nanoagent", script = applies, sequence = 3 }: FakeDeviceOptions = {},
  ): Promise<FakeDevice> {
    const topics = agentTopics(id, prefix);
    const connection = await openBroker(
      { url, client_id: id },
      { environment: {}, times: shortTimes, will: { topic: topics.status, payload: OFFLINE, retain: true } },
    );
    const device = new FakeDevice(id, prefix, connection, script);
    onTestFinished(() => device.leave());
    connection.subscribe(topics.offer, async ({ payload }) => device.#take(payload), { storedAgain: true });
    connection.ready();
    await device.publishCard(sequence);
    await connection.publish(topics.status, ONLINE, { retain: true });
    return device;
  }

  /** Bundles that were offered, by their version. */
  get sequences(): (number | null)[] {
    return this.offers.map((offer) => offer?.sequence ?? null);
  }

  async publishCard(sequence: number | null): Promise<void> {
    const bundle = sequence === null ? null : { name: "garden", version: "1.0.0", sequence };
    await this.#publish("card", cardText(this.id, { bundle }));
  }

  async say(offer: BundleOffer, more: Partial<UpdateMessage>): Promise<void> {
    await this.#publish("update", JSON.stringify(updateOf(offer, more)));
  }

  async apply(offer: BundleOffer, state: "applied" | "current" = "applied"): Promise<void> {
    await this.say(offer, { state });
    await this.publishCard(offer.sequence);
  }

  /** Leaves the broker as a device that is switched off does. */
  async leave(): Promise<void> {
    const { status } = agentTopics(this.id, this.#prefix);
    // At the end of a test, the broker may be gone.
    const signal = AbortSignal.timeout(2000);
    if (this.connection.isConnected)
      await this.connection.publish(status, OFFLINE, { retain: true, signal }).catch(() => {});
    await this.connection.close();
  }

  async offered(count = 1): Promise<void> {
    await vi.waitFor(() => expect(this.offers.length).toBeGreaterThanOrEqual(count), patience);
  }

  #take(payload: Uint8Array): void {
    const offer = payload.length === 0 ? null : parseOffer(payload);
    this.offers.push(offer);
    // The broker must not wait for the answer.
    if (offer !== null) void this.script(this, offer).catch(() => {});
  }

  async #publish(topic: "card" | "status" | "update", text: string): Promise<void> {
    await this.connection.publish(agentTopics(this.id, this.#prefix)[topic], text, { retain: true });
  }
}

export interface FakeDeviceOptions {
  readonly prefix?: string;
  readonly script?: Script;
  readonly sequence?: number | null;
}
