import type { ReleaseHost } from "../releases/release-host.js";

/** The program that runs the agent, as an updater needs it. */
export interface UpdaterHost extends ReleaseHost {
  change: NonNullable<ReleaseHost["change"]>;
  /**
   * Whether the fleet reaches the agent of this config as it does now: it has the same topics. Resolves with the reasons why
   * it would not, one sentence each. Only for bundles that the fleet offers.
   */
  checkReach(config: string, signal: AbortSignal): Promise<readonly string[]>;
}
