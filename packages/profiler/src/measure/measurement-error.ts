import { NanoAgentError } from "@nanoagent/models";

/**
 * Code `measurement`: a device could not be measured, or the measurement not be kept. The message says which part;
 * `reason` is the system's word for the fault, where there is one.
 */
export class MeasurementError extends NanoAgentError {
  override name = "MeasurementError";

  constructor(parts: { message: string; reason?: string | undefined; hint?: string | undefined; cause?: unknown }) {
    super({ code: "measurement", ...parts });
  }
}
