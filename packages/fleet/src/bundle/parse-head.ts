import type { BundleHead } from "./bundle-manifest.js";

/**
 * Returns the lines before the files of a bundle, or null if more bytes than `bytes` are needed. `totalBytes` is the size of the
 * whole bundle. Throws `FleetError` (`bundle-malformed`).
 */
export function parseHead(_bytes: Uint8Array, _totalBytes: number): BundleHead | null {
  throw new Error("not written yet");
}
