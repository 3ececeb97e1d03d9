import type { BundleOffer } from "./bundle-offer.js";

/**
 * Returns the offer in a message. Checks its form and its sizes, and that its manifest has the hash that it names; nothing is
 * verified yet. Throws `FleetError` (`bundle-malformed`).
 */
export function parseOffer(_payload: Uint8Array): BundleOffer {
  throw new Error("not written yet");
}
