import type { ReleaseList } from "./release-list.js";

/**
 * Returns the releases of a folder without claiming it. Throws `FleetError` (`releases-unusable`) if the folder is missing,
 * unreadable or not a folder of releases.
 */
export async function readReleases(_root: string): Promise<ReleaseList> {
  throw new Error("not written yet");
}
