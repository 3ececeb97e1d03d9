import { FleetError } from "../fleet-error.js";

/** A failure to fetch a bundle that may pass. */
export function fetchError(from: string, reason: string, hint: string, cause?: unknown): FleetError {
  return new FleetError({
    code: "bundle-unreadable",
    message: `The bundle cannot be fetched from ${from}.`,
    reason,
    hint,
    cause,
  });
}
