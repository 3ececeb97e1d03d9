import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

/**
 * Kinds of failure of the log of events:
 *
 * - `events-in-use`: another program has the folder.
 * - `events-unreadable`: the folder cannot be created or listed.
 * - `events-format-unknown`: a newer version of nanoagent wrote it.
 * - `events-not-saved`: a record could not be written. Open events are intact, and a later attempt may succeed.
 * - `events-closed`: the log was closed before.
 * - `event-ended`: an act must not begin, because its event has ended. Its trigger drops the oldest events, for example.
 * - `event-record-too-large`: the arguments of an act, or the state of conditions, are too large.
 */
export type EventLogErrorCode =
  | "events-in-use"
  | "events-unreadable"
  | "events-format-unknown"
  | "events-not-saved"
  | "events-closed"
  | "event-ended"
  | "event-record-too-large";

/** A failure of the log of events. Damaged content is not an error: it is skipped and reported. */
export class EventLogError extends NanoAgentError {
  override name = "EventLogError";
  declare readonly code: EventLogErrorCode;

  // The code is one of a list, so it needs a constructor of its own.
  constructor(parts: ErrorParts & { code: EventLogErrorCode }) {
    super(parts);
  }
}

/** Advice by the code of the system's error. */
const hints: Partial<Record<string, string>> = {
  ENOSPC: "Free disk space. The events continue by themselves.",
  EDQUOT: "Free space in the quota. The events continue by themselves.",
  EROFS: "The file system is read-only, possibly after a disk fault. Check the disk and remount it.",
  EIO: "The disk or card reports a fault. Copy its files to another disk.",
};

export function eventsNotSaved(folder: string, cause: unknown): EventLogError {
  const { code = "", message = String(cause) } = cause as { code?: string; message?: string };
  return new EventLogError({
    code: "events-not-saved",
    message: `Events could not be saved in ${folder}.`,
    reason: message,
    hint: hints[code] ?? "Check the folder and its permissions. The events continue by themselves.",
    cause,
  });
}

export function eventsUnreadable(folder: string, cause: unknown): EventLogError {
  return new EventLogError({
    code: "events-unreadable",
    message: `The folder of events ${folder} cannot be used.`,
    reason: cause instanceof Error ? cause.message : String(cause),
    hint: "Check session.dir and the permissions of the folder.",
    cause,
  });
}

export function eventsClosed(): EventLogError {
  return new EventLogError({ code: "events-closed", message: "The log of events was closed.", hint: "Open it again." });
}

export function eventEnded(event: string): EventLogError {
  return new EventLogError({
    code: "event-ended",
    message: `The event ${event} has ended, so no act may begin for it.`,
    hint: "Continue with the next event.",
  });
}
