import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

export type SessionErrorCode =
  | "session-in-use"
  | "session-unreadable"
  | "session-format-unknown"
  | "session-not-saved"
  | "session-record-too-large"
  | "session-closed";

/**
 * What goes wrong with a session on disk. Codes:
 *
 * - `session-in-use`: another runtime or program holds the session.
 * - `session-unreadable`: its folder cannot be made or listed.
 * - `session-format-unknown`: a newer version of nanoagent wrote it.
 * - `session-not-saved`: a turn, or the start of an act, could not be forced to the disk. What was saved before is
 *   intact, and the next attempt may work.
 * - `session-record-too-large`: a turn is larger than {@link MAX_RECORD_BYTES}.
 * - `session-closed`: it was closed before.
 *
 * Damaged content is none of these: it is repaired, and the session's report says so.
 */
export class SessionError extends NanoAgentError {
  override name = "SessionError";

  constructor(parts: ErrorParts & { code: SessionErrorCode }) {
    super(parts);
  }
}
