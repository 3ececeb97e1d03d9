import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

export type EngineErrorCode =
  | "engine-closed"
  | "engine-failed"
  | "engine-unavailable"
  | "engine-crashed"
  | "engine-out-of-memory"
  | "engine-hung";

/**
 * What an engine could not do. Codes:
 *
 * - `engine-closed`: it was used after `close()`.
 * - `engine-failed`: it broke its contract or its native part failed; `cause` says how.
 * - `engine-unavailable`: the config names an engine that this version or this machine does not have.
 * - `engine-crashed`: the process that it lives in ended in the middle of a reply; the next message starts it again.
 * - `engine-out-of-memory`: it ran out of the memory that it may take, however that came out.
 * - `engine-hung`: that process gave no sign of life for seconds and was ended.
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
