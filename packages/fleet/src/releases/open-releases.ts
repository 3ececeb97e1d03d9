import path from "node:path";
import { NanoAgentError } from "@nanoagent/models";
import { type Claim, ClaimedError, type ClaimOwner, claimFolder, makeFolder } from "@nanoagent/runtime/node";
import { syncFolder } from "../bundle/sync-folder.js";
import { FleetError } from "../fleet-error.js";
import { ReleaseFolder } from "./release-folder.js";
import { Releases } from "./releases.js";
import { asReleasesError } from "./releases-errors.js";
import { repairReleases } from "./repair-releases.js";

export interface OpenReleasesOptions {
  /** Creates the folder if it is missing. Default: false. */
  readonly create?: boolean | undefined;
  /** Name of the program for others that want the folder, such as `nanoagent serve`. Default: `nanoagent`. */
  readonly name?: string | undefined;
}

/** The program that has claimed a folder of releases. */
export interface ReleasesOwner {
  readonly name: string;
  readonly pid: number;
  readonly host: string;
}

/**
 * Claims a folder of releases, removes leftovers of interrupted updates, and goes back to the previous release if `current` is
 * on trial. Throws `FleetError`: `releases-busy` while another program has claimed it, `releases-unusable`.
 */
export async function openReleases(root: string, options: OpenReleasesOptions = {}): Promise<Releases> {
  const place = path.resolve(root);
  try {
    if (options.create === true) await create(place);
    const folder = await ReleaseFolder.open(place);
    if (options.create !== true) await folder.requireReleases();
    const claim = await claimReleases(folder.root, options.name ?? "nanoagent");
    try {
      await folder.prepare();
      return new Releases({ folder, claim, ...(await repairReleases(folder)) });
    } catch (error) {
      await claim.release();
      throw error;
    }
  } catch (error) {
    throw asReleasesError(error, place);
  }
}

/** Returns the program that has the folder, of the error `releases-busy`. Null if it is not known. */
export function ownerOf(error: unknown): ReleasesOwner | null {
  const isBusy = NanoAgentError.isInstance(error) && error.code === "releases-busy";
  return isBusy && error.cause instanceof ClaimedError ? error.cause.owner : null;
}

async function create(place: string): Promise<void> {
  const topmost = await makeFolder(place);
  if (topmost !== null) await syncFolder(path.dirname(topmost));
}

async function claimReleases(root: string, name: string): Promise<Claim> {
  try {
    return await claimFolder(root, name);
  } catch (error) {
    if (!(error instanceof ClaimedError)) throw error;
    throw new FleetError({
      code: "releases-busy",
      message: `${root} is in use by ${describeOwner(error.owner)}.`,
      reason: "Only one program at a time may change releases.",
      hint: "Wait until it is done, or end it, then try again.",
      cause: error,
    });
  }
}

function describeOwner(owner: ClaimOwner | null): string {
  return owner === null ? "another program" : `${owner.name} (process ${owner.pid} on ${owner.host})`;
}
