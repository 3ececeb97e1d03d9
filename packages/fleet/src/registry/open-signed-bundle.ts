import type { BundleHead } from "../bundle/bundle-manifest.js";
import { readTrustedKeys } from "../bundle/keys.js";
import { namingFile } from "../bundle/malformed.js";
import { openBundle } from "../bundle/open-bundle.js";
import { readContents } from "../bundle/read-contents.js";
import { readHead } from "../bundle/read-head.js";
import { verifySignatures } from "../bundle/verify-signatures.js";
import { FleetError } from "../fleet-error.js";

/**
 * Reads every byte of a bundle, and returns its head. `keys`: texts of public keys, one of which must have signed it; null: any
 * signature is enough, and the agents verify it. Throws `FleetError` (`bundle-malformed`, `bundle-untrusted`, `bundle-unreadable`,
 * `signing-key-invalid`).
 */
export async function openSignedBundle(
  file: string,
  { keys, signal }: { readonly keys: readonly string[] | null; readonly signal: AbortSignal },
): Promise<BundleHead> {
  const trusted = keys === null ? null : readTrustedKeys(keys);
  const handle = await openBundle(file);
  try {
    const head = await readHead(handle);
    if (trusted !== null) verifySignatures(head, trusted);
    else if (head.signatures.length === 0) throw unsigned(file);
    await readContents(handle, head, { signal });
    return head;
  } catch (error) {
    throw namingFile(file, error);
  } finally {
    await handle.close();
  }
}

function unsigned(file: string): FleetError {
  return new FleetError({
    code: "bundle-untrusted",
    message: `The bundle ${file} cannot be offered.`,
    reason: "It is not signed, and every agent would refuse it.",
    hint: `Sign it: nanoagent bundle sign ${file} --key KEY`,
  });
}
