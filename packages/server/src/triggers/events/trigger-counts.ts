import type { EventOutcome } from "../trigger-event.js";
import type { EventEnded } from "./event-record.js";

/** Events of a trigger since its log began, by what became of them. */
export interface EndCounts {
  readonly added: number;
  readonly repeated: number;
  readonly done: number;
  readonly notMet: number;
  readonly failed: number;
  readonly unknown: number;
  readonly skipped: number;
  readonly replaced: number;
  readonly expired: number;
  /** Dropped because the queue was full, before or after they were in it, or because they can never be kept. */
  readonly dropped: number;
  readonly orphaned: number;
}

export interface TriggerCounts extends EndCounts {
  /** Events whose work is not finished. */
  readonly open: number;
  readonly lastEnd: EventEnded | null;
}

export const noCounts: EndCounts = {
  added: 0,
  repeated: 0,
  done: 0,
  notMet: 0,
  failed: 0,
  unknown: 0,
  skipped: 0,
  replaced: 0,
  expired: 0,
  dropped: 0,
  orphaned: 0,
};

/** The count of each outcome. */
export const countOf: Readonly<Record<EventOutcome, keyof EndCounts>> = {
  done: "done",
  "not-met": "notMet",
  failed: "failed",
  unknown: "unknown",
  skipped: "skipped",
  replaced: "replaced",
  expired: "expired",
  dropped: "dropped",
  orphaned: "orphaned",
};
