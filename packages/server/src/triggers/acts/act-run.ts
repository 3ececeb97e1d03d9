import type { TriggerSettings } from "@nanoagent/models";
import type { Agent, PermissionRequest } from "@nanoagent/runtime";
import type { EventLog } from "../events/event-log.js";
import type { OpenEvent } from "../events/open-event.js";
import type { Clock } from "../schedules/clock.js";
import type { ActBook } from "./act-book.js";

/** One try of the act of an event. */
export interface ActRun {
  readonly agent: Agent;
  /** The event with the acts that began already. */
  readonly event: OpenEvent;
  readonly settings: TriggerSettings;
  readonly log: Pick<EventLog, "append" | "find">;
  readonly clock: Clock;
  /** Asks whoever can answer whether a tool may run. */
  readonly ask: (request: PermissionRequest, signal: AbortSignal) => Promise<boolean>;
  readonly signal: AbortSignal;
}

/** A try whose doubts are settled: it may run. */
export interface SettledRun extends ActRun {
  readonly book: ActBook;
  readonly onPermission: (request: PermissionRequest, options: { signal: AbortSignal }) => Promise<boolean>;
}
