import path from "node:path";
import { findPrevious } from "./kept-releases.js";
import { ReleaseFolder } from "./release-folder.js";
import type { Release, ReleaseList } from "./release-list.js";
import type { ReleaseRecord } from "./release-record.js";
import { asReleasesError } from "./releases-errors.js";

/**
 * Returns the releases of a folder without claiming it. Throws `FleetError` (`releases-unusable`) if the folder is missing,
 * unreadable or not a folder of releases.
 */
export async function readReleases(root: string): Promise<ReleaseList> {
  const place = path.resolve(root);
  try {
    const folder = await ReleaseFolder.open(place);
    await folder.requireReleases();
    // An update may run meanwhile: a release is only removed when `current` no longer leads to it.
    const records = await folder.readRecords();
    const current = await folder.readCurrent();
    const state = await folder.readState(records, current);
    const releases = records.map((record) => asRelease(record, folder));
    return {
      root: folder.root,
      current: current === null ? null : (releases.find(({ sequence }) => sequence === current) ?? null),
      previous: findPrevious(records, state, current),
      highest: state.sequence,
      releases,
      trial: state.trial?.sequence ?? null,
      failed: state.failed,
    };
  } catch (error) {
    throw asReleasesError(error, place);
  }
}

function asRelease(record: ReleaseRecord, folder: ReleaseFolder): Release {
  const { sequence, name, version, manifest_sha256, config, unpacked, key } = record;
  return { sequence, name, version, manifest_sha256, folder: folder.folderOf(sequence), config, unpacked, key };
}
