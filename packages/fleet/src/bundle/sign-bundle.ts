import type { BundleHead } from "./bundle-manifest.js";

export interface SignedBundle {
  readonly head: BundleHead;
  /** Of the key that signed. */
  readonly fingerprint: string;
}

/**
 * Adds a signature to a bundle, or replaces that of the same key, atomically. `privateKey` is a PEM text. Throws `FleetError`
 * (`signing-key-invalid`, `bundle-malformed`, `bundle-unreadable`, `bundle-not-created`).
 */
export async function signBundle(_file: string, _privateKey: string): Promise<SignedBundle> {
  throw new Error("not written yet");
}
