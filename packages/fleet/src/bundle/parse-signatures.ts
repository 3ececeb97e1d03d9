import type { BundleSignature } from "./bundle-manifest.js";

/** Returns the signatures of a bundle from the value of their JSON. Throws `FleetError` (`bundle-malformed`). */
export function parseSignatures(_value: unknown): readonly BundleSignature[] {
  throw new Error("not written yet");
}
