import { sign } from "node:crypto";
import { realpath } from "node:fs/promises";
import { type BundleHead, type BundleSignature, MAX_SIGNATURES } from "./bundle-manifest.js";
import { readPrivateKey } from "./keys.js";
import { namingFile } from "./malformed.js";
import { notCreated, systemProblem } from "./not-created.js";
import { openBundle } from "./open-bundle.js";
import { parseHead } from "./parse-head.js";
import { readContents } from "./read-contents.js";
import { readHead } from "./read-head.js";
import { replaceFile } from "./replace-file.js";
import { isSignedBy } from "./verify-signatures.js";
import { writeBytes } from "./write-bytes.js";
import { writeHead } from "./write-head.js";

export interface SignedBundle {
  readonly head: BundleHead;
  /** Of the key that signed. */
  readonly fingerprint: string;
}

const WHAT = "cannot be signed";
const PERMISSIONS = 0o777;

/**
 * Adds a signature to a bundle, or replaces that of the same key, atomically. `privateKey` is a PEM text. A bundle whose files are
 * damaged is not signed. Throws `FleetError` (`signing-key-invalid`, `bundle-malformed`, `bundle-unreadable`,
 * `bundle-not-created`).
 */
export async function signBundle(
  file: string,
  privateKey: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<SignedBundle> {
  const { key, publicKey } = readPrivateKey(privateKey);
  const { fingerprint } = publicKey;
  const handle = await openBundle(file);
  try {
    const old = await readHead(handle);
    const { manifestBytes } = old;
    const others = old.signatures.filter((signature) => !isSignedBy(manifestBytes, signature, publicKey));
    if (others.length >= MAX_SIGNATURES) {
      throw notCreated(WHAT, {
        reason: `It has ${others.length} signatures of other keys, and ${MAX_SIGNATURES} are allowed.`,
        hint: "Create the bundle again, and sign it with fewer keys.",
      });
    }
    const signature: BundleSignature = {
      algorithm: "ed25519",
      signature: sign(null, manifestBytes, key).toString("base64"),
      key: fingerprint,
    };
    const headBytes = writeHead(manifestBytes, [...others, signature]);
    const head = parseHead(headBytes, headBytes.length + old.totalBytes - old.headBytes);
    if (head === null) throw new Error("The head of a bundle is incomplete");
    const { mode } = await handle.stat();
    // The name may be a link to the file.
    await replaceFile(await realpath(file), mode & PERMISSIONS, async (temporary) => {
      await writeBytes(temporary, headBytes);
      await readContents(handle, old, { sink: { write: (bytes) => writeBytes(temporary, bytes) }, signal });
    });
    return { head, fingerprint };
  } catch (error) {
    throw systemProblem(WHAT, namingFile(file, error));
  } finally {
    await handle.close();
  }
}
