import { asSentence, NanoAgentError } from "@nanoagent/models";
import type { BundleManifest } from "../bundle/bundle-manifest.js";
import { FleetError } from "../fleet-error.js";

/** Most errors of a config that a reason lists. */
const MAX_LISTED = 5;

/** A folder of releases that cannot be used. */
export function unusable(message: string, reason?: string, hint?: string, cause?: unknown): FleetError {
  return new FleetError({ code: "releases-unusable", message, reason, hint, cause });
}

export function isDiskFull(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === "ENOSPC" || code === "EDQUOT";
}

/** The disk has no space for a rollback. */
export function noRoomToGoBack(root: string, current: number | null, cause: unknown): FleetError {
  const stays = current === null ? "no release is in use" : `release ${current} stays in use`;
  return unusable(
    `The disk of ${root} is full, so ${stays} and nothing was applied.`,
    cause instanceof Error ? `${cause.message}.` : undefined,
    "Free some space, then go back again with nanoagent bundle rollback.",
    cause,
  );
}

/** An update could not be recorded, and not be taken back either. `next`: where the next start goes back to. */
export function notTakenBack(
  current: number | null,
  next: { readonly previous: number | null } | null,
  causes: readonly NanoAgentError[],
): FleetError {
  const inUse = current === null ? "No release is in use" : `Release ${current} is in use`;
  const target = next === null || next.previous === null ? "no release" : `release ${next.previous}`;
  return unusable(
    `${inUse}, since the update could not be recorded, and going back failed.`,
    causes.map(({ message, reason }) => sentencesOf({ message, reason, hint: null })).join(" "),
    `Free some space, then apply the bundle again.${next === null ? "" : ` Until then, the next start goes back to ${target}.`}`,
    causes.at(-1),
  );
}

/** Returns the error of a disk as one that says what to do. Errors of nanoagent stay as they are. */
export function asReleasesError(error: unknown, root: string): NanoAgentError {
  if (NanoAgentError.isInstance(error)) return error;
  const { message } = error as { message?: string };
  if (isDiskFull(error)) {
    return new FleetError({
      code: "bundle-unsuitable",
      message: `The disk of ${root} is full.`,
      reason: message === undefined ? undefined : `${message}.`,
      hint: "Free some space, then try again.",
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
    reason: [...errors.slice(0, MAX_LISTED).map(asSentence), ...(rest > 0 ? [`${rest} more.`] : [])].join(" "),
    hint: "Correct the config, then create the bundle again with a higher sequence.",
  });
}

/** The agent of a release does not work. */
export function failedRelease(message: string, cause: unknown): FleetError {
  return new FleetError({
    code: "bundle-failed",
    message,
    reason: typeof cause === "string" ? asSentence(cause) : sentencesOfCause(cause),
    cause: typeof cause === "string" ? undefined : cause,
  });
}

/** The bundle was offered again after it had failed. */
export function failedBefore(reason: string): FleetError {
  return new FleetError({
    code: "bundle-failed",
    message: failedBeforeText(asSentence(reason)),
    hint: "Offer a corrected bundle with a higher sequence, or apply this one on the device with nanoagent bundle apply.",
  });
}

export function failedBeforeText(reason: string): string {
  return `It was tried here before and failed: ${reason}`;
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
  return asSentence(cause instanceof Error ? cause.message : String(cause));
}

/** All sentences of an error. */
export function sentencesOf(error: Pick<NanoAgentError, "message" | "reason" | "hint">): string {
  return [error.message, error.reason, error.hint]
    .filter((part): part is string => part !== null && part !== "")
    .map(asSentence)
    .join(" ");
}

export function nothingOlder(root: string): FleetError {
  return unusable(`${root} has no earlier release.`, undefined, "Apply a bundle with a higher sequence instead.");
}
