import { cutText } from "@nanoagent/models";
import type { UpdateMessage } from "../offers/bundle-offer.js";
import { isSequence, isSha256 } from "../offers/is-sequence.js";
import { MAX_REASON_CHARACTERS } from "../offers/parse-update.js";
import { readJsonObject } from "../offers/read-json-object.js";

/** The answer to an offer that cannot be used. Its hash is left out where the offer has none. */
export type Refusal = Omit<UpdateMessage, "manifest_sha256"> & Partial<Pick<UpdateMessage, "manifest_sha256">>;

/**
 * Returns the answer to an offer that is malformed for a reason, so that it does not look like silence. Null if the offer has
 * no sequence, which an answer needs.
 */
export function refuseMalformed(payload: Uint8Array, reason: string, now = Date.now()): Refusal | null {
  // The connection limits the size.
  const { sequence, manifest_sha256 } = readJsonObject(payload, payload.length) ?? {};
  if (!isSequence(sequence)) return null;
  return {
    format: 1,
    sequence,
    ...(isSha256(manifest_sha256) && { manifest_sha256 }),
    state: "refused",
    reason: cutText(reason, MAX_REASON_CHARACTERS),
    progress: null,
    at: new Date(now).toISOString(),
  };
}
