import type { BundleSignature } from "../bundle/bundle-manifest.js";
import type { UpdateOutcome, UpdateStep } from "../releases/release-host.js";

/** Size of a piece, in bytes. Hosted brokers take at most 128 KiB, with the topic. */
export const PIECE_BYTES = 120 * 1024;
/** Largest offer, in bytes. */
export const MAX_OFFER_BYTES = 128 * 1024;
/** Largest manifest that an offer contains. A larger one comes with the bundle's first pieces. */
export const MAX_OFFERED_MANIFEST_BYTES = 64 * 1024;

/** Number of pieces of a bundle whose file has a size. */
export function countPieces(size: number): number {
  return Math.ceil(size / PIECE_BYTES);
}

/** Retained at `PREFIX/ID/offer`. Nothing in it is believed before the manifest's signature is verified. */
export interface BundleOffer {
  readonly format: 1;
  readonly sequence: number;
  readonly manifest_sha256: string;
  /** The text that is signed, or null if it is too large for an offer. */
  readonly manifest: string | null;
  readonly signatures: readonly BundleSignature[];
  /** Size of the bundle's file, in bytes. */
  readonly size: number;
  /** `http:` or `https:` address of the bundle's file; or its pieces at the broker, each of 120 KiB but the last. */
  readonly from: { readonly url: string } | { readonly pieces: number };
}

/** Retained at `PREFIX/ID/update`: how far a device is. */
export interface UpdateMessage {
  readonly format: 1;
  readonly sequence: number;
  readonly manifest_sha256: string;
  /** `waiting`: it tries again later, for the `reason`. */
  readonly state: UpdateStep | UpdateOutcome | "waiting";
  /** Sentences, or null. */
  readonly reason: string | null;
  /** Share that is done, from 0 to 1, or null. */
  readonly progress: number | null;
  /** ISO 8601. */
  readonly at: string;
}
