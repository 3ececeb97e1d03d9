import type { BrokerConnection } from "@nanoagent/server/mqtt";
import type { AgentCard } from "../card/agent-card.js";
import type { UpdateMessage } from "../offers/bundle-offer.js";
import type { RollOutEvent, RollOutResult } from "./roll-out-event.js";

/** The part of a registry that a roll-out uses. */
export interface RollOutRegistry {
  readonly prefix: string;
  readonly connection: BrokerConnection;
  readonly agents: readonly RollOutAgent[];
  /** Calls back with an agent that has changed. Returns a function that stops it. */
  onChange(listener: (agent: RollOutAgent) => void): () => void;
}

export interface RollOutAgent {
  readonly id: string;
  readonly online: boolean;
  readonly card: Pick<AgentCard, "bundle">;
  readonly update: UpdateMessage | null;
}

export interface RollOutOptions {
  /** Path of the signed bundle. */
  readonly file: string;
  /** Address that the agents download it from. Default: the broker keeps it in pieces. */
  readonly url?: string | undefined;
  /** Agents that get it. */
  readonly ids: readonly string[];
  /** Public keys, as texts: the bundle must be signed with one. Default: any signature is enough here, and each agent verifies it. */
  readonly keys?: readonly string[] | undefined;
  /** Agents that must have applied it before others get it. Default: 1. */
  readonly canary?: number | undefined;
  /** Failures after which nobody gets it any more. Default: 0, so the first failure stops it. */
  readonly maxFailures?: number | undefined;
  /** Agents that are online and update at the same time. Default: 20. */
  readonly atOnce?: number | undefined;
  /** Longest time without a sign of an agent that was online. Default: 600. */
  readonly patienceSeconds?: number | undefined;
  /** Ends the roll-out. Offers that were published stay. */
  readonly signal: AbortSignal;
}

/**
 * Offers a bundle to agents, to a few of them first, and follows them until each has applied it or failed. The same call again
 * continues an interrupted roll-out. Throws `FleetError` (`bundle-unreadable`, `bundle-malformed`, `bundle-untrusted`) for a bundle that
 * nobody could use, before anything is published.
 */
// biome-ignore lint/correctness/useYield: written later
export async function* rollOut(
  _registry: RollOutRegistry,
  _options: RollOutOptions,
): AsyncGenerator<RollOutEvent, RollOutResult> {
  throw new Error("not written yet");
}
