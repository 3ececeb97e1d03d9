/** Something that happened at a source, before it is in the queue. */
export interface NewEvent {
  /** Name of the trigger that it belongs to. */
  readonly trigger: string;
  /** Time at which it happened, in milliseconds since 1970. */
  readonly at: number;
  /** A JSON value: the message of a broker or of a hook, a line of a program, or facts such as the edge of a pin. */
  readonly payload: unknown;
  /** Topic of a message of a broker. */
  readonly topic?: string | undefined;
  /** Value that the source gives this event and no other of its trigger, such as the id of a request. */
  readonly identity?: string | undefined;
  /** For a run of a schedule: kept together with the event, so that no power cut separates them. */
  readonly reached?: ReachedSchedule | undefined;
}

/** All runs of a schedule up to this time were handed out or left out. */
export interface ReachedSchedule {
  /** The text of the rule and its time zone. Another rule begins anew. */
  readonly rule: string;
  readonly through: number;
}

/** An event in the queue. */
export interface TriggerEvent extends NewEvent {
  /** Unique among all events of this agent, and the same after every restart. */
  readonly id: string;
}

/** Fate of a new event. It is on disk unless it was refused. */
export type Acceptance =
  | { readonly status: "kept"; readonly id: string }
  /** The same event was there before. `id` is that of the first, if it is known. */
  | { readonly status: "repeated"; readonly id: string | null }
  /** The queue is full and the trigger drops the newest events. */
  | { readonly status: "dropped" }
  /** The queue is full or the disk fails. The sender should send it again later. */
  | { readonly status: "refused"; readonly reason: "full" | "not-saved" | "closed" }
  /** Its payload is larger than 64 KB, or cannot be written as JSON. Sending it again would not help. */
  | { readonly status: "refused"; readonly reason: "too-large" | "invalid" };

/** Takes an event of a source. Resolves when its fate is on disk, and never rejects. */
export type AcceptEvent = (event: NewEvent) => Promise<Acceptance>;

/** How the work on an event ended. */
export type EventOutcome =
  /** The act was done, and its answers were given. */
  | "done"
  /** A condition did not hold. */
  | "not-met"
  /** Every try failed, or it cannot succeed. */
  | "failed"
  /** It may or may not have been done. */
  | "unknown"
  /** Left out: `overlap: skip`, or `on_unknown` said so. */
  | "skipped"
  /** Replaced by a later run: `overlap: replace`. */
  | "replaced"
  /** It waited longer than `queue.max_age`. */
  | "expired"
  /** The queue was full. */
  | "dropped"
  /** Its trigger is no longer in the config. */
  | "orphaned";
