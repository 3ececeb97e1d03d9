import type { UpdateMessage } from "./bundle-offer.js";

/** Returns the state of an update in a message, or null for anything else. Longer reasons are cut. */
export function parseUpdate(_payload: Uint8Array): UpdateMessage | null {
  throw new Error("not written yet");
}
