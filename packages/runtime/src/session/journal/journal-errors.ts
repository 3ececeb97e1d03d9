import { NanoAgentError } from "@nanoagent/models";
import { SessionError } from "../session-error.js";
import { MAX_RECORD_BYTES } from "./journal-record.js";

/** Advice for the error codes of the system. */
const hints: Partial<Record<string, string>> = {
  ENOSPC: "Make room on the disk, or limit the session with session.retention.",
  EDQUOT: "Make room in the quota, or limit the session with session.retention.",
  EROFS:
    "The file system is mounted read-only, as the system does after a disk fault. Check the disk, and mount it again.",
  EIO: "The disk or card reports a fault. Copy its files to another one.",
};

/** The `session-not-saved` error for a failed write; a {@link SessionError} stays what it is. */
export function sessionNotSaved(folder: string, cause: unknown): SessionError {
  if (cause instanceof SessionError) return cause;
  const { code = "", message = String(cause) } = cause as NodeJS.ErrnoException;
  const hint = NanoAgentError.isInstance(cause) ? cause.hint : hints[code];
  return new SessionError({
    code: "session-not-saved",
    message: `The session in ${folder} could not be written.`,
    reason: message,
    hint: hint ?? "Check the folder and its permissions; the next message tries again.",
    cause,
  });
}

/** The error where the folder is not this program's any more. Nothing is written: it may be another program's session by now. */
export function sessionTakenAway(folder: string): SessionError {
  return new SessionError({
    code: "session-not-saved",
    message: `The session in ${folder} could not be written.`,
    reason: "The folder, or this program's lock in it, was removed or replaced while the session was open.",
    hint: "End this agent and start it again. It goes on with what is in the folder then.",
  });
}

export function recordTooLarge(): SessionError {
  return new SessionError({
    code: "session-record-too-large",
    message: `The turn has more than ${MAX_RECORD_BYTES} bytes, the most that a session takes.`,
    hint: "Limit the output of the agent's tools.",
  });
}

export function sessionClosed(): SessionError {
  return new SessionError({ code: "session-closed", message: "The session was closed.", hint: "Open it again." });
}
