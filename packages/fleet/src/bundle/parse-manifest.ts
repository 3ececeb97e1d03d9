import type { BundleManifest } from "./bundle-manifest.js";

/**
 * Returns the manifest of a bundle from the bytes that are signed. Throws `FleetError` (`bundle-malformed`), which names the
 * key or file, for everything that a manifest may not contain.
 */
export function parseManifest(_bytes: Uint8Array): BundleManifest {
  throw new Error("not written yet");
}
