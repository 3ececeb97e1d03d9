import type { UpdateMessage } from "../offers/bundle-offer.js";

/** Something that happened in a roll-out. */
export type RollOutEvent =
  /** The agents that are selected, before anything is published. */
  | ({
      readonly type: "roll-out-begin";
      readonly canaries: readonly string[];
      readonly others: readonly string[];
      /** Agents that have applied it already. */
      readonly applied: readonly string[];
      /** Agents that it is not offered to, and why. */
      readonly skipped: readonly RollOutFailure[];
    } & RolledOutBundle)
  /** The address of the bundle could not be checked from here. One or two sentences. */
  | { readonly type: "address-unchecked"; readonly reason: string }
  /** Share of the bundle that is at the broker, from 0 to 1. */
  | { readonly type: "pieces-progress"; readonly share: number }
  | { readonly type: "agent-offer"; readonly id: string; readonly canary: boolean; readonly online: boolean }
  /** The agent said how far it is. */
  | ({ readonly type: "agent-update"; readonly id: string } & Pick<UpdateMessage, "state" | "reason" | "progress">)
  | ({ readonly type: "agent-failure" } & RollOutFailure)
  /** All canaries have applied it. */
  | { readonly type: "canaries-applied" }
  /** The offer to an agent that has not applied it was removed. */
  | { readonly type: "offer-withdrawal"; readonly id: string }
  /** The pieces of a bundle that is not offered to anybody were removed. */
  | { readonly type: "pieces-removal"; readonly manifest_sha256: string };

export interface RollOutFailure {
  readonly id: string;
  /** One or more sentences. */
  readonly reason: string;
}

export interface RolledOutBundle {
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  readonly manifest_sha256: string;
}

/** End of a roll-out. Lists of IDs are sorted. */
export interface RollOutResult extends RolledOutBundle {
  /**
   * `done`: all have it, or get it when they are online. `stopped`: a canary, or too many agents, failed. `unproven`: the canaries
   * are offline, so nobody has proved it, and nobody else has the offer. `interrupted`: the signal ended it.
   */
  readonly state: "done" | "stopped" | "unproven" | "interrupted";
  readonly applied: readonly string[];
  readonly failed: readonly RollOutFailure[];
  /** Agents that have an offer, or have begun their change, and are not known to have finished. */
  readonly waiting: readonly string[];
  /** Agents that did not get an offer, or whose offer was withdrawn before they used it. */
  readonly not_offered: readonly string[];
  readonly skipped: readonly RollOutFailure[];
}
