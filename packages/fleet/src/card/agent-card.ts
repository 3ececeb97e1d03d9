import type { DeviceMeasurement, EdgeDevice, FitPlan } from "@nanoagent/models";

/** Largest card, in bytes. One with all details of a device has about 15 KB; hosted brokers take at most 128 KB. */
export const MAX_CARD_BYTES = 96 * 1024;

/**
 * Description of an agent by itself, for its fleet; retained at `PREFIX/ID/card`. It contains no secrets, no name of the host,
 * no addresses and no paths.
 */
export interface AgentCard {
  readonly format: 1;
  /** The level of its topics. */
  readonly id: string;
  /** When the card changed last, ISO 8601. */
  readonly at: string;
  readonly site: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly versions: { readonly nanoagent: string; readonly node: string };
  readonly agent: {
    readonly name: string;
    readonly version: string;
    readonly capabilities: readonly string[];
    readonly max_memory_mb: number;
    readonly max_model_size_mb: number;
    /** Languages of the intents, such as `en`. */
    readonly languages: readonly string[];
  };
  readonly tools: readonly { readonly name: string; readonly changes_world: boolean }[];
  /** The device as the agent plans with it, with the details that stay the same while it runs. */
  readonly device: EdgeDevice;
  /** Measured speed of the device, or null. */
  readonly measurement: DeviceMeasurement | null;
  /** Null for an agent that answers by rules. */
  readonly model: CardModel | null;
  /** SHA-256 of the config's file, or null where the program has none. */
  readonly config_sha256: string | null;
  /** Bundle that it runs from, or null. */
  readonly bundle: CardBundle | null;
  /** Whether it takes bundles from its fleet: it runs from a bundle, and trusts a key. Null: its version does not say. */
  readonly takes_updates: boolean | null;
  readonly health: {
    readonly status: "ok" | "degraded" | "unavailable" /** Codes. */;
    readonly reasons: readonly string[];
  };
}

export interface CardModel {
  readonly engine: string;
  /** Name of the file or of the server's model, without folders; or null. */
  readonly name: string | null;
  readonly context_tokens: number | null;
  /** Of a local model. Null for others. */
  readonly plan: FitPlan | null;
}

export interface CardBundle {
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
}
