import { NanoAgentError } from "@nanoagent/models";
import { SessionError } from "../session-error.js";
import { MAX_RECORD_BYTES } from "./journal-record.js";

/** Hints for system error codes. */
const hints: Partial<Record<string, string>> = {
  ENOSPC: "Free disk space, or limit the session with session.retention.",
  EDQUOT: "Free space in the quota, or limit the session with session.retention.",
  EROFS: "The file system is read-only, possibly after a disk fault. Check the disk and remount it.",
  EIO: "The disk or card reports a fault. Copy its files to another disk.",
};

/** Returns the `session-not-saved` error for a failed write. Returns a {@link SessionError} unchanged. */
export function sessionNotSaved(folder: string, cause: unknown): SessionError {
  if (cause instanceof SessionError) return cause;
  const { code = "", message = String(cause) } = cause as NodeJS.ErrnoException;
  const hint = NanoAgentError.isInstance(cause) ? cause.hint : hints[code];
  return new SessionError({
    code: "session-not-saved",
    message: `The session in ${folder} could not be written.`,
    reason: message,
    hint: hint ?? "Check the folder and its permissions. The next message tries again.",
    cause,
  });
}

/**
 * Returns the error for a folder that this program has lost. Nothing is written, because another program may use it.
 */
export function sessionTakenAway(folder: string): SessionError {
  return new SessionError({
    code: "session-not-saved",
    message: `The session in ${folder} could not be written.`,
    reason: "The folder, or this program's lock in it, was removed or replaced while the session was open.",
    hint: "Restart the agent. It continues with the content of the folder.",
  });
}

export function recordTooLarge(): SessionError {
  return new SessionError({
    code: "session-record-too-large",
    message: `The turn exceeds the session's limit of ${MAX_RECORD_BYTES} bytes.`,
    hint: "Limit the output of the agent's tools.",
  });
}

export function sessionClosed(): SessionError {
  return new SessionError({ code: "session-closed", message: "The session was closed.", hint: "Open it again." });
}
