import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

/**
 * Kinds of failure of triggers:
 *
 * - `trigger-unknown`: no trigger has this name, or it is switched off.
 * - `triggers-need-session`: the config has triggers, and no `session` for their events.
 * - `triggers-not-running`: a service was asked to run one, and does not have its triggers open.
 * - `event-refused`: the queue of the trigger is full, or the event cannot be saved.
 * - `event-unknown`: no open event has this id.
 */
export type TriggerErrorCode =
  | "trigger-unknown"
  | "triggers-need-session"
  | "triggers-not-running"
  | "event-refused"
  | "event-unknown";

/** A failure of a trigger that the caller can see. Failures of events are in the log, see `Triggers.states`. */
export class TriggerError extends NanoAgentError {
  override name = "TriggerError";
  declare readonly code: TriggerErrorCode;

  // The code is one of a list, so it needs a constructor of its own.
  constructor(parts: ErrorParts & { code: TriggerErrorCode }) {
    super(parts);
  }
}
