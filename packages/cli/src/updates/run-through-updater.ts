import { type ApplyResult, FleetError, type UpdateStep } from "@nanoagent/fleet/bundles";

/** Work for the updater of a running service. */
export type UpdateRequest =
  /** `file`: absolute path. `keys`: public keys, as texts. */
  | { readonly action: "apply"; readonly file: string; readonly keys: readonly string[] }
  | { readonly action: "roll-back" };

export interface ThroughUpdaterOptions {
  /** Abandons the update, unless its change has begun. */
  readonly signal: AbortSignal;
  readonly onStep: (step: UpdateStep, share: number | null) => void;
}

/**
 * Lets the running service that holds a folder of releases change it, and waits for the end. `processId`: the owner of the
 * claim. Rejects with {@link FleetError} `releases-busy` if that process has no updater that this user can reach, and with
 * the reason of the signal.
 */
export async function runThroughUpdater(
  processId: number,
  _request: UpdateRequest,
  _options: ThroughUpdaterOptions,
): Promise<ApplyResult> {
  throw new FleetError({
    code: "releases-busy",
    message: `The process ${processId} uses this folder of releases, and cannot be asked to change it.`,
    hint: "Stop that process, then try again.",
  });
}
