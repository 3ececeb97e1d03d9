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
 * - `engine-closed`: it was used after `close()`.
 * - `engine-failed`: it broke its contract or its native part failed; `cause` has the original error.
 * - `engine-unavailable`: the config names an engine that this version or this machine does not have.
 * - `engine-crashed`: the engine's process ended during a reply; the next message starts it again.
 * - `engine-out-of-memory`: it needed more memory than it may take.
 * - `engine-hung`: the engine's process made no progress and was ended.
 * - `embeddings-not-supported`: it makes no vectors of texts.
 * - `invalid-embedding-texts`: vectors were asked for of too many texts, too long ones, or one without words.
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
      hint: "Open a new one; a closed engine stays closed.",
    });
  }
}

/**
 * Returns an error of ours unchanged, and any other one as an `engine-failed` with that error as its cause. Without a
 * message of its own it has the message of its cause.
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
