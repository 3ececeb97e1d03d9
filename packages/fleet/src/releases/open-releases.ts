import type { Releases } from "./releases.js";

export interface OpenReleasesOptions {
  /** Creates the folder if it is missing. Default: false. */
  readonly create?: boolean | undefined;
  /** Name of the program for others that want the folder, such as `nanoagent serve`. Default: `nanoagent`. */
  readonly name?: string | undefined;
}

/**
 * Claims a folder of releases, removes leftovers of interrupted updates, and goes back to the previous release if `current` is
 * on trial. Throws `FleetError`: `releases-busy` while another program has claimed it, `releases-unusable`.
 */
export async function openReleases(_root: string, _options: OpenReleasesOptions = {}): Promise<Releases> {
  throw new Error("not written yet");
}
