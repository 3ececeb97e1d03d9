import { FleetError } from "../fleet-error.js";
import type { BundleOffer, UpdateMessage } from "../offers/bundle-offer.js";
import type { ApplyResult, ReleaseHost, UpdateStep } from "../releases/release-host.js";

/** The program that runs the agent, as an updater needs it. */
export interface UpdaterHost extends ReleaseHost {
  /**
   * Whether the fleet can reach the agent of this config as before: it has the same broker topics. Resolves with the reasons
   * why it could not, one sentence each. Only for bundles that the fleet offers.
   */
  checkReach(config: string, signal: AbortSignal): Promise<readonly string[]>;
}

/** The part of an open folder of releases that an updater uses. */
export interface UpdatedReleases {
  readonly root: string;
  apply(
    bundle: { readonly file: string; readonly keys: readonly string[] },
    host: ReleaseHost,
    options: UpdateOptions & { readonly isOffered?: boolean | undefined },
  ): Promise<ApplyResult>;
  rollBack(host: ReleaseHost, options: UpdateOptions): Promise<ApplyResult>;
}

export interface UpdateOptions {
  /** Abandons the update, unless its change has begun: that is finished, or taken back. */
  readonly signal: AbortSignal;
  /** Share that is done, from 0 to 1, or null. */
  readonly onStep: (step: UpdateStep, share: number | null) => void;
}

/** Fetches the bundle of an offer into a folder, and resolves with the path of its file. */
export type FetchOffered = (
  offer: BundleOffer,
  options: {
    readonly folder: string;
    /** Public keys that are trusted, as texts. */
    readonly keys: readonly string[];
    readonly signal: AbortSignal;
    readonly onProgress: (share: number) => void;
  },
) => Promise<string>;

export interface UpdaterParts {
  /** Null: the agent does not run from a folder of releases, so every offer is refused. */
  readonly releases: UpdatedReleases | null;
  readonly host: UpdaterHost;
  /** Public keys that the fleet's bundles may be signed with: `fleet.trust` of the agent that is served now. */
  readonly trust: () => readonly string[];
  readonly onNotice: (notice: { readonly level: "info" | "warning" | "error"; readonly message: string }) => void;
  /** Clock, in milliseconds since 1970. Default: the system's. */
  readonly now?: (() => number) | undefined;
}

/**
 * Updates the agent of a service, one update at a time: bundles that the fleet offers, and those of `nanoagent bundle`. It
 * lives as long as the service, across its connections and agents.
 */
export class Updater {
  /** Reads the state of the last update from the folder of the releases. */
  static async open(_parts: UpdaterParts): Promise<Updater> {
    return new Updater();
  }

  private constructor() {}

  /** State of the last update, also of an earlier start. Null before the first. */
  get last(): UpdateMessage | null {
    return null;
  }

  /**
   * Takes an offer that stands at the broker, as often as it comes. Null: the offer was withdrawn, which ends an update that
   * has not begun its change. A newer offer replaces an older one in the same way. `isNew`: it was published now, so one
   * that was refused before is tried again.
   */
  take(_offer: BundleOffer | null, _fetch: FetchOffered, _options: { readonly isNew: boolean }): void {}

  /** Tries an offer again that waits, since the network may be back. */
  retry(): void {}

  /** Applies the file of a bundle, after a running update. */
  applyFile(_file: string, _keys: readonly string[], _options: UpdateOptions): Promise<ApplyResult> {
    return Promise.reject(notReady());
  }

  /** Goes back to the release before the one that is in use, after a running update. */
  rollBack(_options: UpdateOptions): Promise<ApplyResult> {
    return Promise.reject(notReady());
  }

  /** Calls back when {@link last} changes. Returns a function that stops it. */
  onChange(_listener: () => void): () => void {
    return () => {};
  }

  /** Abandons a running update, or waits until its change has ended. */
  async close(): Promise<void> {}
}

function notReady(): FleetError {
  return new FleetError({ code: "releases-unusable", message: "The service cannot update itself." });
}
