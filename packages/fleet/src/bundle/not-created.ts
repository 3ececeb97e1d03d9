import { NanoAgentError } from "@nanoagent/models";
import { FleetError } from "../fleet-error.js";

/** Parts of the message about a file or folder that cannot become a bundle. */
export interface NotCreatedParts {
  readonly reason: string;
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** Returns the error for a file or folder that cannot become a bundle. `what` names it. */
export function notCreated(what: string, { reason, hint, cause }: NotCreatedParts): FleetError {
  return new FleetError({
    code: "bundle-not-created",
    message: `The bundle ${what}.`,
    reason,
    hint: hint ?? "Remove the cause, and try again.",
    cause,
  });
}

/** Returns an error of the system as one about a bundle, and any other unchanged. */
export function systemProblem(what: string, error: unknown): unknown {
  if (NanoAgentError.isInstance(error)) return error;
  const { code, path } = error as { code?: unknown; path?: unknown };
  if (typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) return error;
  const where = typeof path === "string" ? ` for ${path}` : "";
  return notCreated(what, { reason: `The system reports ${code}${where}.`, cause: error });
}
