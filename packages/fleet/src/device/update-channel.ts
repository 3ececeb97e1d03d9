import type { BrokerSeat } from "@nanoagent/server";
import { type BrokerMessage, LatestMessage } from "@nanoagent/server/mqtt";
import { FleetError } from "../fleet-error.js";
import { fetchBundle } from "../offers/fetch-bundle.js";
import { parseOffer } from "../offers/parse-offer.js";
import { sentencesOf } from "../releases/releases-errors.js";
import { publicUpdate } from "./public-update.js";
import { refuseMalformed } from "./refuse-malformed.js";
import type { FetchOffered, Updater } from "./updater.js";

/** Shortest time between two messages about an update. */
const SPACING_MILLISECONDS = 1000;

/**
 * The topics of an agent's updates: hands the offers of the fleet to the updater, and publishes how far it is. It belongs to
 * one connection, and the updater goes on without it.
 */
export class UpdateChannel {
  readonly #seat: Pick<BrokerSeat, "broker" | "topics" | "onNotice">;
  readonly #updater: Updater;
  readonly #message: LatestMessage;
  readonly #stops: (() => void)[];
  readonly #stop = new AbortController();
  #lastProblem: string | null = null;

  constructor(seat: Pick<BrokerSeat, "broker" | "topics" | "onNotice">, updater: Updater) {
    this.#seat = seat;
    this.#updater = updater;
    const { broker, topics, onNotice } = seat;
    const spacingMilliseconds = SPACING_MILLISECONDS;
    this.#message = new LatestMessage({ broker, topic: topics.update, spacingMilliseconds, onNotice });
    this.#stops = [
      broker.subscribe(topics.offer, async (message) => this.#take(message), { storedAgain: true }),
      broker.onChange(() => this.#onConnection()),
      updater.onChange(() => this.#tell()),
    ];
    this.#tell();
  }

  /** Stops what is being fetched; the next channel goes on with it. Safe to call twice. */
  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#stop.abort();
    this.#message.close();
  }

  #onConnection(): void {
    if (!this.#seat.broker.isConnected) return;
    this.#message.again();
    this.#updater.retry();
  }

  #tell(): void {
    const { last, root } = this.#updater;
    if (last !== null) this.#message.set(JSON.stringify(publicUpdate(last, root)));
  }

  #take({ payload, retain }: BrokerMessage): void {
    try {
      const offer = payload.length === 0 ? null : parseOffer(payload);
      this.#updater.take(offer, this.#fetch, { isNew: !retain });
      this.#lastProblem = null;
    } catch (error) {
      if (!FleetError.isInstance(error)) throw error;
      const message = sentencesOf(error);
      if (message !== this.#lastProblem) this.#seat.onNotice({ level: "warning", message });
      this.#lastProblem = message;
      const refusal = refuseMalformed(payload, message);
      if (refusal !== null) this.#message.set(JSON.stringify(refusal));
    }
  }

  readonly #fetch: FetchOffered = (offer, { signal, ...options }) => {
    const { broker, topics } = this.#seat;
    const both = AbortSignal.any([signal, this.#stop.signal]);
    return fetchBundle({ offer, broker, prefix: topics.prefix, signal: both, ...options });
  };
}
