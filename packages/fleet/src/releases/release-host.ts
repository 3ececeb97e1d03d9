import type { BundleModel } from "../bundle/bundle-manifest.js";

/** The part of a change of releases that the program with the agent does. Everything may take long and can be aborted. */
export interface ReleaseHost {
  /** Version of nanoagent. */
  readonly version: string;
  /** Null: bundles with models are refused. */
  readonly models: ModelStore | null;
  /** Checks a config as `nanoagent check` does. Resolves with the errors, one sentence each. */
  check(config: string, signal: AbortSignal): Promise<readonly string[]>;
  /**
   * Starts the agent of a release, lets it answer the smoke questions if it has any, and ends it. Resolves with the reason
   * why it failed, or null.
   */
  prove(release: PlacedRelease, signal: AbortSignal): Promise<string | null>;
  /**
   * Changes from the old agent to the new one. Default, where no agent runs: {@link ChangeSteps.prove}, then
   * {@link ChangeSteps.moveOn}. A service closes its agent before the proof, since two do not fit into memory, opens the new one
   * after `moveOn`, and calls `moveBack` before it opens the old one again. Rejects if the old release is in use again: with `FleetError` `update-undecided`
   * if that says nothing about the bundle, which is then not counted as failed.
   */
  change?(steps: ChangeSteps, signal: AbortSignal): Promise<void>;
}

/** The steps of a change. Each rejects if it fails. */
export interface ChangeSteps {
  prove(): Promise<void>;
  /** `current` becomes the new release. */
  moveOn(): Promise<void>;
  /** `current` becomes the old release. */
  moveBack(): Promise<void>;
}

/** A release under the path at which its agent would read it: `ROOT/next` until the change, then `ROOT/current`. */
export interface PlacedRelease {
  readonly folder: string;
  readonly config: string;
  /** Scenarios of `smoke.yaml`, or null without them. */
  readonly smoke: string | null;
}

/** Models of this device. */
export interface ModelStore {
  /** Whether the model is here: a file, of any name, has its size and hash. */
  has(model: BundleModel, signal: AbortSignal): Promise<boolean>;
  /** Rejects if models that are not here do not fit on the disk together. Default: each is only compared with the disk when it is pulled. */
  requireSpace?(models: readonly BundleModel[]): Promise<void>;
  /** Downloads it and compares its size and hash. */
  pull(model: BundleModel, options: { signal: AbortSignal; onProgress: (share: number) => void }): Promise<void>;
}

/** Steps of an update, in their order. `fetching` only through a broker. */
export type UpdateStep = "fetching" | "verifying" | "pulling" | "checking" | "proving" | "starting";

/** End of an update. `current`: it was applied before. */
export type UpdateOutcome = "applied" | "current" | "refused" | "rolled-back";

export interface ApplyBundleOptions {
  readonly signal?: AbortSignal | undefined;
  /** Is called when a step begins, and with the share that is done while models are pulled. */
  readonly onStep?: ((step: UpdateStep, progress: number | null) => void) | undefined;
  /** Whether a fleet offered the bundle. One that failed here before is then not tried again. Default: false. */
  readonly isOffered?: boolean | undefined;
}

export interface ApplyResult {
  readonly state: UpdateOutcome;
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  readonly manifest_sha256: string;
  /** Sequence that is in use now, or null without a release. */
  readonly current: number | null;
  /** Why it was refused or rolled back, as one or more sentences; otherwise null. */
  readonly reason: string | null;
  /** Code of that error, or null. */
  readonly code: string | null;
}
