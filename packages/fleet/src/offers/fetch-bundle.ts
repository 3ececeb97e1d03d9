import type { Broker } from "@nanoagent/server/mqtt";
import type { BundleOffer } from "./bundle-offer.js";

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
}

/**
 * Fetches the bundle of an offer, and resolves with the path of its file, which has the sizes and hashes of its manifest. A later
 * call continues an interrupted download, also after a kill. The signature is verified as soon as the manifest is here.
 *
 * Throws `FleetError`: `bundle-unreadable` for failures that may pass (network, missing pieces, an address with other content),
 * and `bundle-malformed`, `bundle-untrusted` or `signing-key-invalid` for those that do not; `aborted` of the signal is its reason.
 */
export async function fetchBundle(_fetched: FetchedOffer): Promise<string> {
  throw new Error("not written yet");
}

/** Removes all downloads in a folder of {@link fetchBundle}, whole and partial. A missing folder is not an error. */
export async function removeDownloads(_folder: string): Promise<void> {
  throw new Error("not written yet");
}
