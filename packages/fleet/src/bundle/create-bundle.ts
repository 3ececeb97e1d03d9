import type { BundleHead, BundleManifest, BundleModel } from "./bundle-manifest.js";

export interface CreateBundleOptions {
  /** Folder whose files become the bundle. */
  readonly folder: string;
  /** File to write, outside the folder. */
  readonly out: string;
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  readonly requires?: BundleManifest["requires"];
  readonly models?: readonly BundleModel[] | undefined;
  /** ISO 8601. Default: now. */
  readonly created?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes a bundle without signatures, atomically. Throws `FleetError` (`bundle-not-created`) for links, unreadable files, files
 * that change while they are read, and everything that a bundle may not contain.
 */
export async function createBundle(_options: CreateBundleOptions): Promise<BundleHead> {
  throw new Error("not written yet");
}
