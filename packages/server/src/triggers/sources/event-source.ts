import type { AcceptEvent } from "../trigger-event.js";

/** The part of a trigger that waits for events and hands them to the queue. */
export interface EventSource {
  readonly state: SourceState;
  /** Begins to listen. Returns at once: a source that cannot begin says so in `state` and tries again. */
  start(accept: AcceptEvent): void;
  /** Tells that the queue may have room again. Sources that offer refused events again do so now. */
  noteRoom?(): void;
  /** Stops listening, and waits for the events that are being accepted. Safe to call twice. */
  close(): Promise<void>;
}

export interface SourceState {
  readonly status: "listening" | "waiting" | "failing";
  /** One sentence for people, or null while it listens. */
  readonly problem: string | null;
  /** Time of the next scheduled run in milliseconds since 1970, for schedules. */
  readonly nextAt?: number | null | undefined;
}
