import type { TriggerState, UnknownAct } from "../triggers/triggers.js";

/** Triggers of a service, as `nanoagent status` shows them. */
export interface TriggersStatus {
  /** Folder of the events. */
  folder: string;
  list: readonly TriggerState[];
  /** Acts that may or may not have been done. */
  unknown: readonly UnknownAct[];
}

/** Connection of a service to its broker. */
export interface BrokerStatus {
  /** Address without a password. */
  url: string;
  connected: boolean;
  /** One sentence, or null. */
  problem: string | null;
}
