/** The releases of a folder, as its files say. */
export interface ReleaseList {
  /** Full path of the folder, without links. */
  readonly root: string;
  /** The release that `current` leads to, or null. */
  readonly current: Release | null;
  /** Sequence that a rollback goes to, or null. */
  readonly previous: number | null;
  /** Highest sequence that was ever in use here. Lower ones are refused. 0 without releases. */
  readonly highest: number;
  /** All releases, the highest sequence first. */
  readonly releases: readonly Release[];
  /** Sequence of a release that is tried now or whose trial was interrupted, or null. */
  readonly trial: number | null;
  /** Bundles that failed here, the newest first. */
  readonly failed: readonly FailedBundle[];
}

/** An unpacked bundle. */
export interface Release {
  readonly sequence: number;
  readonly name: string;
  readonly version: string;
  readonly manifest_sha256: string;
  /** `ROOT/releases/SEQUENCE`. */
  readonly folder: string;
  /** Name of its config in the folder: `agent.yaml` or `agent.json`. */
  readonly config: string;
  /** When it was unpacked, ISO 8601. */
  readonly unpacked: string;
  /** Fingerprint of the key that had signed it. */
  readonly key: string;
}

/** A bundle whose agent failed here, or that somebody rolled back. An offer of it is not tried again. */
export interface FailedBundle {
  readonly sequence: number;
  readonly manifest_sha256: string;
  /** Sentences. */
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
}
