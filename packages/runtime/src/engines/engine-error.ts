import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

/**
 * What an engine could not do. Codes:
 *
 * - `engine-closed`: it was used after `close()`.
 * - `engine-failed`: it broke its contract or its native part failed; `cause` says how.
 * - `engine-unavailable`: the config names an engine that this version does not have.
 */
export class EngineError extends NanoAgentError {
  override name = "EngineError";

  constructor(parts: ErrorParts & { code: "engine-closed" | "engine-failed" | "engine-unavailable" }) {
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
