import type { TrustedKey } from "../bundle/keys.js";
import type { ApplyResult, ReleaseHost, UpdateStep } from "./release-host.js";

export interface ApplyBundleOptions {
  readonly signal?: AbortSignal | undefined;
  /** Is called when a step begins, and with the share that is done while models are pulled. */
  readonly onStep?: ((step: UpdateStep, progress: number | null) => void) | undefined;
  /** Whether a fleet offered the bundle. One that failed here before is then not tried again. Default: false. */
  readonly isOffered?: boolean | undefined;
}

/** The claimed folder of the releases of an agent. */
export class Releases {
  /** Full path without links. */
  readonly root: string;

  /** @hidden Use {@link openReleases}. */
  constructor(root: string) {
    this.root = root;
  }

  /**
   * Verifies, unpacks, checks and proves a bundle, and makes it the release in use. Resolves with the result once the
   * manifest's signature is verified, also if the bundle is refused or rolled back. Throws `FleetError` for a file that
   * cannot be read, is damaged or is not trusted, and the signal's reason when aborted; the old release is then in use.
   */
  async apply(
    _bundle: { readonly file: string; readonly keys: readonly TrustedKey[] },
    _host: ReleaseHost,
    _options: ApplyBundleOptions = {},
  ): Promise<ApplyResult> {
    throw new Error("not written yet");
  }

  /**
   * Goes back to the previous release. The result describes the release that is then in use: `applied`, or `refused` if no
   * earlier release is here or its agent does not start. The release that was in use counts as failed, so that an offer of it is not taken again.
   */
  async rollBack(_host: ReleaseHost, _options: { signal?: AbortSignal | undefined } = {}): Promise<ApplyResult> {
    throw new Error("not written yet");
  }

  /** Ends the trial of the release in use. `apply` does so when the host's `change` resolves. Does nothing without a trial. */
  async confirm(): Promise<void> {
    throw new Error("not written yet");
  }

  /** Frees the folder. Waits for a running update. Safe to call twice. */
  async close(): Promise<void> {
    throw new Error("not written yet");
  }
}
