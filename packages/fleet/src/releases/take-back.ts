import type { NanoAgentError } from "@nanoagent/models";
import { changeBy } from "./change-by.js";
import type { ReleaseFolder } from "./release-folder.js";
import type { ReleaseHost } from "./release-host.js";
import { asReleasesError, notTakenBack } from "./releases-errors.js";

/**
 * Goes back from a release whose trial cannot be ended, because of `failure`: the next start would go back without a word. Throws
 * `FleetError` (`releases-unusable`), which says what is in use, if that fails too.
 */
export async function takeBack(
  folder: ReleaseFolder,
  host: ReleaseHost,
  { sequence, previous, failure }: { sequence: number; previous: number | null; failure: NanoAgentError },
): Promise<void> {
  const steps = {
    // It was in use until now.
    prove: async () => {},
    moveOn: () => folder.setCurrent(previous),
    moveBack: () => folder.setCurrent(sequence),
  };
  try {
    // It must finish even if the update is aborted.
    await changeBy(steps, host, new AbortController().signal);
  } catch (error) {
    const current = await folder.readCurrent();
    const goesBack = host.change !== undefined && current === sequence;
    const next = goesBack ? { previous } : null;
    throw notTakenBack(current, next, [failure, asReleasesError(error, folder.root)]);
  }
}
