import type { BundleHead } from "../bundle/bundle-manifest.js";
import { type BundleOffer, countPieces, MAX_OFFER_BYTES, MAX_OFFERED_MANIFEST_BYTES } from "./bundle-offer.js";

/** Returns the offer of a bundle. `url`: address of its file. Default: it comes in pieces from the broker. */
export function makeOffer(head: BundleHead, { url }: { readonly url?: string | undefined } = {}): BundleOffer {
  const { manifest, manifestBytes, manifestSha256, signatures, totalBytes } = head;
  const offer: BundleOffer = {
    format: 1,
    sequence: manifest.sequence,
    manifest_sha256: manifestSha256,
    manifest:
      manifestBytes.length > MAX_OFFERED_MANIFEST_BYTES
        ? null
        : new TextDecoder("utf-8", { ignoreBOM: true }).decode(manifestBytes),
    signatures,
    size: totalBytes,
    from: url === undefined ? { pieces: countPieces(totalBytes) } : { url },
  };
  // Quotation marks of the manifest are two bytes each in the offer.
  return new TextEncoder().encode(JSON.stringify(offer)).length > MAX_OFFER_BYTES
    ? { ...offer, manifest: null }
    : offer;
}
