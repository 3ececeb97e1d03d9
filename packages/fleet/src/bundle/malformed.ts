import { FleetError } from "../fleet-error.js";

/** Returns the error for a bundle that is not well-formed. `reason` is one sentence that names the key or file. */
export function malformed(reason: string, cause?: unknown): FleetError {
  return new FleetError({
    code: "bundle-malformed",
    message: "The bundle is malformed.",
    reason,
    hint: "Copy the file again, or create it again with nanoagent bundle create.",
    cause,
  });
}

/** Returns the error for a bundle that a later version wrote. */
export function tooNew(): FleetError {
  return new FleetError({
    code: "bundle-malformed",
    message: "This version of nanoagent cannot read the bundle.",
    reason: "A newer nanoagent wrote it.",
    hint: "Update nanoagent, or create the bundle with this version.",
  });
}

/** Returns an error of the form of a bundle with the name of its file in the message; any other error unchanged. */
export function namingFile(file: string, error: unknown): unknown {
  if (!(error instanceof FleetError) || error.code !== "bundle-malformed") return error;
  const { code, message, reason, hint, cause } = error;
  return new FleetError({
    code,
    message: message.replace("the bundle", `the bundle ${file}`).replace("The bundle", `The bundle ${file}`),
    reason: reason ?? undefined,
    hint: hint ?? undefined,
    cause,
  });
}
