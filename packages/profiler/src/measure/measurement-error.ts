import { NanoAgentError } from "@nanoagent/models";

/**
 * Code `measurement`: a device could not be measured, or the measurement could not be saved. The message names the
 * part; `reason` is the system's error message.
 */
export class MeasurementError extends NanoAgentError {
  override name = "MeasurementError";

  constructor(parts: { message: string; reason?: string | undefined; hint?: string | undefined; cause?: unknown }) {
    super({ code: "measurement", ...parts });
  }
}
