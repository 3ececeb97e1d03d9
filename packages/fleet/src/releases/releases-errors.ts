import { NanoAgentError } from "@nanoagent/models";
import type { BundleManifest } from "../bundle/bundle-manifest.js";
import { FleetError } from "../fleet-error.js";

/** Most errors of a config that a reason lists. */
const MAX_LISTED = 5;

/** A folder of releases that cannot be used. */
export function unusable(message: string, reason?: string, hint?: string, cause?: unknown): FleetError {
  return new FleetError({ code: "releases-unusable", message, reason, hint, cause });
}

/** Returns the error of a disk as one that says what to do. Errors of nanoagent stay as they are. */
export function asReleasesError(error: unknown, root: string): NanoAgentError {
  if (NanoAgentError.isInstance(error)) return error;
  const { code, message } = error as { code?: string; message?: string };
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new FleetError({
      code: "bundle-unsuitable",
      message: `The disk of ${root} is full.`,
      reason: message === undefined ? undefined : `${message}.`,
      hint: "Free some space, then apply the bundle again.",
      cause: error,
    });
  }
  return unusable(
    `The releases in ${root} cannot be changed.`,
    `${message ?? String(error)}.`,
    "Check the folder, its permissions and its disk.",
    error,
  );
}

/** Returns an error of nanoagent or of the disk as {@link asReleasesError} does. Throws any other, which is a fault of the program. */
export function expectedError(error: unknown, root: string): NanoAgentError {
  const isOfSystem = error instanceof Error && typeof (error as { code?: unknown }).code === "string";
  if (NanoAgentError.isInstance(error) || isOfSystem) return asReleasesError(error, root);
  throw error;
}

/** The release in use is not as its bundle was. */
export function damagedInUse(sequence: number, damage: string): FleetError {
  return unusable(
    `Release ${sequence}, which is in use, is damaged.`,
    damage,
    "Create the bundle again with a higher sequence and apply that, or go back with nanoagent bundle rollback.",
  );
}

/** The release that a rollback would go to is not as its bundle was. */
export function damagedBefore(sequence: number, damage: string): FleetError {
  return unusable(
    `Release ${sequence}, which is the one before, is damaged.`,
    damage,
    "Create its bundle again with a higher sequence, and apply that.",
  );
}

/** The config of a bundle cannot be used on this device. */
export function wrongConfig({ name, version }: BundleManifest, errors: readonly string[]): FleetError {
  const rest = errors.length - MAX_LISTED;
  return new FleetError({
    code: "bundle-unsuitable",
    message: `The config of ${name} ${version} has errors on this device.`,
    reason: [...errors.slice(0, MAX_LISTED), ...(rest > 0 ? [`${rest} more.`] : [])].join(" "),
    hint: "Correct the config, then create the bundle again with a higher sequence.",
  });
}

/** The agent of a release does not work. */
export function failedRelease(message: string, cause: unknown): FleetError {
  return new FleetError({
    code: "bundle-failed",
    message,
    reason: typeof cause === "string" ? cause : sentencesOfCause(cause),
    cause: typeof cause === "string" ? undefined : cause,
  });
}

/** The bundle was offered again after it had failed. */
export function failedBefore(reason: string): FleetError {
  return new FleetError({
    code: "bundle-failed",
    message: "The bundle failed on this device before.",
    reason,
    hint: "Offer a corrected bundle with a higher sequence, or apply this one with nanoagent bundle apply.",
  });
}

export function isFailedRelease(error: unknown): error is NanoAgentError {
  return NanoAgentError.isInstance(error) && error.code === "bundle-failed";
}

/** Whether the change failed for a reason that says nothing about the bundle. */
export function isUndecided(error: unknown): error is NanoAgentError {
  return NanoAgentError.isInstance(error) && error.code === "update-undecided";
}

function sentencesOfCause(cause: unknown): string {
  if (NanoAgentError.isInstance(cause)) return sentencesOf(cause);
  return `${cause instanceof Error ? cause.message : String(cause)}.`;
}

/** All sentences of an error. */
export function sentencesOf(error: NanoAgentError): string {
  return [error.message, error.reason, error.hint].filter((part) => part !== null && part !== "").join(" ");
}
