import type { BundleOffer } from "../offers/bundle-offer.js";
import type { UpdateOutcome } from "../releases/release-host.js";
import type { ReleaseList } from "../releases/release-list.js";
import { failedBefore, sentencesOf } from "../releases/releases-errors.js";

/** End of an update, with the reason as sentences. */
export interface EarlyAnswer {
  readonly state: UpdateOutcome;
  readonly reason: string | null;
}

/** Returns the answer to an offer that this device knows before it fetches the bundle, or null. */
export function answerEarly(
  { sequence, manifest_sha256 }: Pick<BundleOffer, "sequence" | "manifest_sha256">,
  { current, highest, failed }: ReleaseList,
): EarlyAnswer | null {
  if (current?.manifest_sha256 === manifest_sha256) return { state: "current", reason: null };
  const failure = failed.find((bundle) => bundle.manifest_sha256 === manifest_sha256);
  if (failure !== undefined) return { state: "rolled-back", reason: sentencesOf(failedBefore(failure.reason)) };
  if (sequence < highest) {
    return {
      state: "refused",
      reason:
        `The bundle has sequence ${sequence}, but this device had ${highest} already. A device never goes back to a lower ` +
        "sequence. Create the bundle with a higher one.",
    };
  }
  if (![current, ...failed].some((other) => other?.sequence === sequence)) return null;
  return {
    state: "refused",
    reason:
      `This device knows another bundle with sequence ${sequence}. Each bundle needs a sequence of its own. ` +
      "Create the bundle with a higher one.",
  };
}
