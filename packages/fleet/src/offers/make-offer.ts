import type { BundleHead } from "../bundle/bundle-manifest.js";
import type { BundleOffer } from "./bundle-offer.js";

/** Returns the offer of a bundle. `url`: address of its file. Default: it comes in pieces from the broker. */
export function makeOffer(_head: BundleHead, _from: { readonly url?: string | undefined } = {}): BundleOffer {
  throw new Error("not written yet");
}
