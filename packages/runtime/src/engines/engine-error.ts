import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

export type EngineErrorCode =
  | "engine-closed"
  | "engine-failed"
  | "engine-unavailable"
  | "engine-crashed"
  | "engine-out-of-memory"
  | "engine-hung"
  | "embeddings-not-supported"
  | "invalid-embedding-texts";

/**
 * Failure of an engine. Codes:
 *
 * - `engine-closed`: the engine was used after `close()`.
 * - `engine-failed`: the engine broke its contract or its native part failed; `cause` has the original error.
 * - `engine-unavailable`: the config names an engine that this version or this machine does not have.
 * - `engine-crashed`: the engine's process ended during a reply; the next message restarts it.
 * - `engine-out-of-memory`: the engine needed more memory than its limit.
 * - `engine-hung`: the engine's process made no progress and was killed.
 * - `embeddings-not-supported`: the engine or its model cannot embed texts.
 * - `invalid-embedding-texts`: there were too many texts, they were too long, or one was blank.
 */
export class EngineError extends NanoAgentError {
  override name = "EngineError";

  constructor(parts: ErrorParts & { code: EngineErrorCode }) {
    super(parts);
  }

  static closed(engine: string): EngineError {
    return new EngineError({
      code: "engine-closed",
      message: `The ${engine} engine is closed.`,
      hint: "Open a new engine. A closed one cannot be reopened.",
    });
  }
}

/**
 * Returns a `NanoAgentError` unchanged, and wraps any other error in an `engine-failed` with that error as its cause.
 * Without `message`, the wrapper takes the message of the cause.
 */
export function asEngineError(error: unknown, text: { message?: string; hint?: string } = {}): NanoAgentError {
  if (NanoAgentError.isInstance(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const { message = reason, hint } = text;
  return new EngineError({
    code: "engine-failed",
    message,
    reason: message === reason ? undefined : reason,
    hint,
    cause: error,
  });
}
