import type { ActingAgent } from "./acting-agent.js";
import type { AnswerPlaces } from "./answers/answer-run.js";
import type { EventLog } from "./events/event-log.js";
import type { EventEnded } from "./events/event-record.js";
import type { OpenEvent } from "./events/open-event.js";
import type { Clock } from "./schedules/clock.js";

/** The parts that all triggers of an agent share. */
export interface TriggerParts {
  readonly log: EventLog;
  readonly agent: ActingAgent;
  readonly clock: Clock;
  readonly places: AnswerPlaces;
  readonly listener: TriggerListener;
}

/** Hears of everything that a trigger does. */
export interface TriggerListener {
  /** A state or a problem changed. */
  onChange(): void;
  /** The work on an event ended. */
  onEnd(event: OpenEvent, end: EventEnded): void;
  onNotice(notice: TriggerNotice): void;
}

export interface TriggerNotice {
  readonly level: "info" | "warning" | "error";
  /** Name of the trigger, or null. */
  readonly trigger: string | null;
  /** One or more sentences. */
  readonly message: string;
}
