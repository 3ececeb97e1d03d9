import { type BundleIdentity, type ReleaseState, releaseBelow } from "./release-state.js";

/** Most releases that stay. */
const MAX_RELEASES = 3;

/**
 * Returns the sequences of the releases that stay: the one in use, the one that a rollback goes to, and the newest others that
 * did not fail. Releases that were never in use do not stay.
 */
export function keptReleases(
  releases: readonly BundleIdentity[],
  state: ReleaseState,
  current: number | null,
): ReadonlySet<number> {
  const kept = new Set([current, state.previous].filter((sequence) => sequence !== null));
  const used = releases.filter((release) => release.sequence <= state.sequence);
  for (const { failed } of [state, { failed: [] }]) {
    let next = releaseBelow(used, null, { failed });
    while (next !== null && kept.size < MAX_RELEASES) {
      kept.add(next);
      next = releaseBelow(used, next, { failed });
    }
  }
  return kept;
}

/** Returns the release that a rollback goes to, or null: the state's if it is there, otherwise the newest older one. */
export function findPrevious(
  releases: readonly BundleIdentity[],
  state: ReleaseState,
  current: number | null,
): number | null {
  const { previous } = state;
  const isUsable = previous !== null && (current === null || previous < current);
  if (isUsable && releases.some((release) => release.sequence === previous)) return previous;
  return releaseBelow(
    releases.filter((release) => release.sequence <= state.sequence),
    current,
    state,
  );
}
