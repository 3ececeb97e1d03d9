import type { BundleHead } from "./bundle-manifest.js";
import type { TrustedKey } from "./keys.js";

export interface VerifiedBundle {
  readonly head: BundleHead;
  /** The trusted key that signed it. */
  readonly key: TrustedKey;
}

/**
 * Reads every byte of a bundle, and compares signature, sizes and hashes. Throws `FleetError` (`bundle-malformed`,
 * `bundle-untrusted`, `bundle-unreadable`).
 */
export async function verifyBundle(
  _file: string,
  _options: { keys: readonly TrustedKey[]; signal?: AbortSignal | undefined },
): Promise<VerifiedBundle> {
  throw new Error("not written yet");
}
