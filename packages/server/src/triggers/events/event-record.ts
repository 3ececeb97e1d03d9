import type { EventOutcome, ReachedSchedule } from "../trigger-event.js";

/** One line of the log of events: what was known when it was written. Keys are those of the file. */
export type EventRecord =
  | EventAdded
  | EventRepeated
  | EventsDropped
  | EventChecked
  | ActStarted
  | ActEnded
  | TryFailed
  | AnswerGiven
  | EventEnded
  | ScheduleReached;

/** An event was accepted. It is synced before its source hears of it. */
export interface EventAdded {
  readonly type: "event";
  readonly id: string;
  readonly trigger: string;
  readonly at: number;
  readonly payload: unknown;
  readonly topic?: string;
  readonly identity?: string;
  /** Hash of the value by which repeated events are recognized, and the time until which it counts. */
  readonly dedupe?: { readonly hash: string; readonly until: number };
  /** Time until which an event with the same identity is a repeated one. */
  readonly identity_until?: number;
  /** For a run of a schedule: like {@link ScheduleReached}. */
  readonly reached?: ReachedSchedule;
}

/** Repeated events were dropped. */
export interface EventRepeated {
  readonly type: "repeated";
  readonly trigger: string;
  /** The event that was kept, or null if it is not known any more. */
  readonly of: string | null;
  readonly count: number;
  readonly at: number;
}

/** New events were dropped: the queue was full, or they are of a kind that can never be kept. */
export interface EventsDropped {
  readonly type: "dropped";
  readonly trigger: string;
  readonly count: number;
  readonly at: number;
}

/** The conditions were tested. `state` is that of the trigger's conditions for this topic afterwards. */
export interface EventChecked {
  readonly type: "checked";
  readonly event: string;
  readonly verdict: "met" | "not-met" | "waits";
  readonly reason: string;
  /** For `waits`: the conditions are met at this time, unless another event comes. */
  readonly until?: number;
  readonly state: unknown;
}

/** An act is about to run. It is synced before it runs. */
export interface ActStarted {
  readonly type: "act";
  readonly event: string;
  /** Idempotency key: the same for the same act after every restart. */
  readonly key: string;
  readonly kind: "tool" | "sentence" | "message";
  /** The tool, or null for a sentence or a message as a whole. */
  readonly tool: string | null;
  /** False for a tool that only reads. */
  readonly changes_world?: boolean;
  readonly arguments: unknown;
  readonly try: number;
  readonly at: number;
}

/** An act ended, and its result is known. */
export interface ActEnded {
  readonly type: "act-result";
  readonly event: string;
  readonly key: string;
  readonly outcome: string;
  readonly content: string;
  readonly at: number;
}

/** A try failed. The next one is due at `next_at`. */
export interface TryFailed {
  readonly type: "try-failed";
  readonly event: string;
  readonly try: number;
  readonly problem: string;
  readonly next_at: number;
  readonly at: number;
}

/** An answer reached its place, or did not. */
interface AnswerGiven {
  readonly type: "answer";
  readonly event: string;
  /** Position in `then`. */
  readonly index: number;
  readonly problem: string | null;
  readonly at: number;
}

export interface EventEnded {
  readonly type: "end";
  readonly event: string;
  readonly outcome: EventOutcome;
  readonly tries: number;
  /** The answer, or the problem; cut. */
  readonly result: string;
  readonly at: number;
}

/** All runs of a schedule up to this time were handed out or left out. */
export interface ScheduleReached extends ReachedSchedule {
  readonly type: "schedule";
  readonly trigger: string;
}
