import type { BundleHead } from "./bundle-manifest.js";
import type { TrustedKey } from "./keys.js";
import { namingFile } from "./malformed.js";
import { openBundle, readingProblem } from "./open-bundle.js";
import { readContents } from "./read-contents.js";
import { readHead } from "./read-head.js";
import { verifySignatures } from "./verify-signatures.js";

export interface VerifiedBundle {
  readonly head: BundleHead;
  /** The trusted key that signed it. */
  readonly key: TrustedKey;
}

/**
 * Reads every byte of a bundle, and compares signature, sizes and hashes. The contents are only read if a trusted key signed
 * them. Throws `FleetError` (`bundle-malformed`, `bundle-untrusted`, `bundle-unreadable`).
 */
export async function verifyBundle(
  file: string,
  { keys, signal }: { keys: readonly TrustedKey[]; signal?: AbortSignal | undefined },
): Promise<VerifiedBundle> {
  const handle = await openBundle(file);
  try {
    const head = await readHead(handle);
    const key = verifySignatures(head, keys);
    await readContents(handle, head, { signal });
    return { head, key };
  } catch (error) {
    throw namingFile(file, readingProblem(file, error));
  } finally {
    await handle.close();
  }
}
