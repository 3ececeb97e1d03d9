import type { Broker } from "@nanoagent/server/mqtt";
import { type BundleHead, type BundleManifest, FIRST_LINE, MAX_SIGNATURES_BYTES } from "../bundle/bundle-manifest.js";
import { readTrustedKeys, type TrustedKey } from "../bundle/keys.js";
import { parseManifest } from "../bundle/parse-manifest.js";
import { verifySignatures } from "../bundle/verify-signatures.js";
import { FleetError } from "../fleet-error.js";
import { checkDisk } from "../releases/check-device.js";
import { removePartialBundles } from "../releases/remove-partial-bundles.js";
import type { BundleOffer } from "./bundle-offer.js";
import { WrongContent } from "./content-check.js";
import { type DownloadTimes, defaultDownloadTimes, downloadBundle } from "./download-bundle.js";
import { defaultPieceTimes, fetchPieces, type PieceTimes } from "./fetch-pieces.js";
import { PartialBundle } from "./partial-bundle.js";

/** Largest part of a bundle besides manifest and files: the first line, the signatures and the ends of the lines. */
const MAX_REST_BYTES = FIRST_LINE.length + MAX_SIGNATURES_BYTES + 2;

export interface FetchedOffer {
  readonly offer: BundleOffer;
  readonly broker: Broker;
  readonly prefix: string;
  /** Folder of partial downloads. It is created. Downloads of other offers in it are removed. */
  readonly folder: string;
  /** Public keys that are trusted, as texts. */
  readonly keys: readonly string[];
  readonly signal: AbortSignal;
  /** Called with the share that is here, from 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
  /** @internal */
  readonly times?: Partial<DownloadTimes & PieceTimes> | undefined;
}

/**
 * Fetches the bundle of an offer, and resolves with the path of its file, which has the sizes and hashes of its manifest. A later
 * call continues an interrupted download, also after a kill. The signature and the free disk are checked as soon as the manifest
 * is here.
 *
 * Throws `FleetError`: `bundle-unreadable` for failures that may pass (network, missing pieces, an address with other content);
 * `bundle-malformed`, `bundle-untrusted`, `bundle-unsuitable` (the disk) or `signing-key-invalid` for those that do not. After an
 * abort, throws the reason of the signal.
 */
export async function fetchBundle(fetched: FetchedOffer): Promise<string> {
  const { offer, broker, prefix, folder, signal, onProgress = () => {}, times } = fetched;
  signal.throwIfAborted();
  const keys = readTrustedKeys(fetched.keys);
  const offered = checkOffer(offer, keys);
  const checkHead = (head: BundleHead) => checkFetchedHead(head, offer, keys);
  const partial = await PartialBundle.open({ folder, offer, checkHead, signal });
  try {
    let hasSpace = false;
    const onBytes = () => {
      const manifest = offered ?? partial.head?.manifest;
      if (!hasSpace && manifest !== undefined) {
        checkDisk(folder, manifest, partial.totalBytes - partial.receivedBytes);
        hasSpace = true;
      }
      onProgress(partial.receivedBytes / partial.totalBytes);
    };
    onBytes();
    const { from, manifest_sha256: manifestSha256 } = offer;
    const parts = { partial, signal, onBytes };
    if ("url" in from) await downloadBundle({ ...parts, url: from.url, times: { ...defaultDownloadTimes, ...times } });
    else {
      const { pieces } = from;
      await fetchPieces({
        ...parts,
        broker,
        prefix,
        manifestSha256,
        pieces,
        times: { ...defaultPieceTimes, ...times },
      });
    }
    await partial.sync();
    return partial.path;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    await partial.close();
  }
}

/** Removes all downloads in a folder of {@link fetchBundle}, whole and partial. A missing folder is not an error. */
export async function removeDownloads(folder: string): Promise<void> {
  await removePartialBundles(folder);
}

/** Checks the manifest of an offer before anything is fetched. Returns null if the offer is without it. */
function checkOffer(
  { manifest, signatures, size, sequence }: BundleOffer,
  keys: readonly TrustedKey[],
): BundleManifest | null {
  if (manifest === null) return null;
  const manifestBytes = new TextEncoder().encode(manifest);
  verifySignatures({ manifestBytes, signatures }, keys);
  const signed = parseManifest(manifestBytes);
  checkSequence(signed.sequence, sequence);
  const leastBytes = manifestBytes.length + signed.files.reduce((sum, file) => sum + file.size, 0);
  if (size > leastBytes && size - leastBytes <= MAX_REST_BYTES) return signed;
  throw otherOffer(`The offer names a size of ${size} bytes, and its files have ${leastBytes} with the manifest.`);
}

/** Checks the lines of the file. */
function checkFetchedHead(head: BundleHead, { signatures, sequence }: BundleOffer, keys: readonly TrustedKey[]): void {
  verifySignatures({ manifestBytes: head.manifestBytes, signatures }, keys);
  checkSequence(head.manifest.sequence, sequence);
  try {
    verifySignatures(head, keys);
  } catch (error) {
    // The signatures of the offer are good, so those of the file were changed on their way.
    if (FleetError.isInstance(error)) throw new WrongContent(error.message);
    throw error;
  }
}

function checkSequence(signed: number, offered: number): void {
  if (signed !== offered) throw otherOffer(`The offer names the sequence ${offered}, and its manifest has ${signed}.`);
}

function otherOffer(reason: string): FleetError {
  return new FleetError({
    code: "bundle-malformed",
    message: "The offer of a bundle does not fit its signed manifest.",
    reason,
    hint: "Offer the bundle again: nanoagent fleet update SELECTOR BUNDLE",
  });
}
