import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

/**
 * Kinds of failure of triggers:
 *
 * - `trigger-unknown`: no trigger has this name, or it is switched off.
 * - `triggers-need-session`: the config has triggers, and no `session` for their events.
 * - `triggers-not-running`: a service was asked to run one, and does not have its triggers open.
 * - `event-refused`: the queue of the trigger is full, or the event cannot be saved, or it can never be kept.
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
  /** Whether the same event would be refused again: it is too large, for example, or its trigger drops new ones. */
  readonly isPermanent: boolean;

  constructor({ isPermanent = false, ...parts }: ErrorParts & { code: TriggerErrorCode; isPermanent?: boolean }) {
    super(parts);
    this.isPermanent = isPermanent;
  }
}
