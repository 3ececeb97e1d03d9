import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { type ApplyResult, openReleases, ownerOf, type Releases } from "@nanoagent/fleet/bundles";
import type { Streams } from "../streams.js";
import { runThroughUpdater, UnreachableService, type UpdateRequest } from "../updates/run-through-updater.js";
import type { UpdateReport } from "./update-report.js";

/** Claims of these programs end by themselves. A service keeps its claim, and makes changes for others. */
const OWN_NAME = "nanoagent bundle";

/** Time that a service has which is about to start or to end. */
const RETRY_MILLISECONDS = 10_000;
const PAUSE_MILLISECONDS = 250;

export interface ReleasesChange {
  readonly root: string;
  /** Whether to create the folder. */
  readonly create: boolean;
  /** The same change, for a service that runs from this folder. */
  readonly request: UpdateRequest;
  change(releases: Releases): Promise<ApplyResult>;
}

/** Changes releases here, or through the service that runs from them. */
export async function changeReleases(
  { root, create, request, change }: ReleasesChange,
  { stop }: Streams,
  report: UpdateReport,
): Promise<ApplyResult> {
  const until = performance.now() + RETRY_MILLISECONDS;
  let releases: Releases | null = null;
  while (releases === null) {
    try {
      releases = await openReleases(root, { create, name: OWN_NAME });
    } catch (error) {
      const owner = ownerOf(error);
      if (owner === null || owner.name === OWN_NAME || owner.host !== hostname()) throw error;
      try {
        return await runThroughUpdater(owner.pid, request, { signal: stop, onStep: report.step });
      } catch (failure) {
        if (!(failure instanceof UnreachableService) || performance.now() > until || stop.aborted) throw failure;
        await delay(PAUSE_MILLISECONDS, undefined, { signal: stop }).catch(() => {});
      }
    }
  }
  try {
    return await change(releases);
  } finally {
    await releases.close();
  }
}
