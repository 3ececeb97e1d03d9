import type { BundleHead } from "./bundle-manifest.js";
import type { TrustedKey } from "./keys.js";

/** Returns the trusted key that signed a bundle. Throws `FleetError` (`bundle-untrusted`) if no such key did. */
export function verifySignatures(
  _head: Pick<BundleHead, "manifestBytes" | "signatures">,
  _keys: readonly TrustedKey[],
): TrustedKey {
  throw new Error("not written yet");
}
