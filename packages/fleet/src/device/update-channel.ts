import type { BrokerSeat } from "@nanoagent/server";
import type { Updater } from "./updater.js";

/**
 * The topics of an agent's updates: hands the offers of the fleet to the updater, and publishes how far it is. It belongs to
 * one connection, and the updater goes on without it.
 */
export class UpdateChannel {
  constructor(_seat: Pick<BrokerSeat, "broker" | "topics" | "onNotice">, _updater: Updater) {}

  /** Stops what is being fetched; the next channel goes on with it. Safe to call twice. */
  async close(): Promise<void> {}
}
