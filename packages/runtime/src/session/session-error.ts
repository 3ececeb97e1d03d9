import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

export type SessionErrorCode =
  | "session-in-use"
  | "session-unreadable"
  | "session-format-unknown"
  | "session-not-saved"
  | "session-record-too-large"
  | "session-closed";

/**
 * An error of a session on disk. Codes:
 *
 * - `session-in-use`: another runtime or program uses the session.
 * - `session-unreadable`: its folder cannot be created or listed.
 * - `session-format-unknown`: a newer version of nanoagent wrote it.
 * - `session-not-saved`: a turn, or the start of an act, could not be saved. Earlier turns are intact, and the next
 *   attempt may succeed.
 * - `session-record-too-large`: a turn is larger than 32 MB.
 * - `session-closed`: the session was closed before.
 *
 * Damaged content is not an error: it is repaired and reported.
 */
export class SessionError extends NanoAgentError {
  override name = "SessionError";

  constructor(parts: ErrorParts & { code: SessionErrorCode }) {
    super(parts);
  }
}
