import type { BundleHead } from "../bundle/bundle-manifest.js";
import { FleetError } from "../fleet-error.js";
import type { FailedBundle } from "./release-list.js";
import { attemptsOf, type BundleIdentity, MAX_ATTEMPTS, type ReleaseState } from "./release-state.js";

/** Decision about a verified bundle. */
export type SequenceVerdict =
  | { readonly verdict: "apply" | "current" }
  /** It is not tried again. The reason is set if the state does not have it yet. */
  | { readonly verdict: "failed-before"; readonly reason: string; readonly isNew: boolean };

/**
 * Decides by a bundle's sequence whether it may be applied. A device never goes back by a bundle: a sequence lower than the highest
 * that was in use is refused, whatever its version says. A sequence belongs to the first manifest that was seen with it. Throws
 * `FleetError` (`bundle-outdated`).
 */
export function judgeSequence(
  { manifest, manifestSha256 }: Pick<BundleHead, "manifest" | "manifestSha256">,
  { state, current, isOffered }: { state: ReleaseState; current: BundleIdentity | null; isOffered: boolean },
): SequenceVerdict {
  const { sequence } = manifest;
  if (current?.sequence === sequence) {
    if (current.manifest_sha256 !== manifestSha256) throw otherManifest(sequence, "is in use");
    return { verdict: "current" };
  }
  if (sequence < state.sequence) {
    throw new FleetError({
      code: "bundle-outdated",
      message: `The bundle has the sequence ${sequence}, but this device has already used ${state.sequence}.`,
      reason: "An older bundle could bring back faults that a newer one has removed.",
      hint: `Create the bundle again with a sequence above ${state.sequence}, or go back with nanoagent bundle rollback.`,
    });
  }
  if (sequence === state.sequence && state.manifest_sha256 !== manifestSha256)
    throw otherManifest(sequence, "was in use");
  if (state.failed.some((other) => other.sequence === sequence && other.manifest_sha256 !== manifestSha256))
    throw otherManifest(sequence, "failed here");
  if (!isOffered) return { verdict: "apply" };
  const failed = findFailed(state, manifestSha256);
  if (failed !== undefined) return { verdict: "failed-before", reason: failed.reason, isNew: false };
  const attempts = attemptsOf(state, manifestSha256);
  if (attempts < MAX_ATTEMPTS) return { verdict: "apply" };
  const reason = `Its trial was interrupted ${attempts} times, so it may be what ends the program or the device.`;
  return { verdict: "failed-before", reason, isNew: true };
}

function findFailed({ failed }: ReleaseState, manifestSha256: string): FailedBundle | undefined {
  return failed.find((other) => other.manifest_sha256 === manifestSha256);
}

function otherManifest(sequence: number, event: string): FleetError {
  return new FleetError({
    code: "bundle-outdated",
    message: `Another bundle with the sequence ${sequence} ${event}.`,
    reason: "A sequence belongs to one bundle, so that everybody knows which content it means.",
    hint: "Create the bundle again with a higher sequence.",
  });
}
