import { agentTopics, type Broker } from "@nanoagent/server/mqtt";
import { FIRST_LINE } from "../bundle/bundle-manifest.js";
import { parseManifest } from "../bundle/parse-manifest.js";
import { type BundleOffer, countPieces } from "../offers/bundle-offer.js";
import { MAX_BUNDLE_BYTES, parseOffer } from "../offers/parse-offer.js";
import { isClaimValid } from "../offers/upload-claim.js";
import { claimTopic, pieceTopic } from "../piece-topic.js";
import { untilQuiet } from "./until-quiet.js";

/** Offers that are read at the same time. Mosquitto keeps 1000 messages for a client and drops what is more. */
const OFFERS_AT_ONCE = 200;
const QUIET_MILLISECONDS = 400;

interface ReadParts {
  readonly broker: Broker;
  readonly prefix: string;
  readonly signal: AbortSignal;
}

/** Returns the offers to agents that the broker keeps, by ID. Those that cannot be read are left out. */
export async function readOffers(parts: ReadParts, ids: readonly string[]): Promise<ReadonlyMap<string, BundleOffer>> {
  const { prefix } = parts;
  const offers = new Map<string, BundleOffer>();
  for (let at = 0; at < ids.length; at += OFFERS_AT_ONCE) {
    const topics = new Map(ids.slice(at, at + OFFERS_AT_ONCE).map((id) => [agentTopics(id, prefix).offer, id]));
    await readRetained(parts, [...topics.keys()], (topic, payload) => {
      const id = topics.get(topic);
      const offer = offerOrNull(payload);
      if (id === undefined) return;
      if (offer === null) offers.delete(id);
      else offers.set(id, offer);
    });
  }
  return offers;
}

/** Returns the number of pieces of each bundle that the broker keeps, by the hash of its manifest. */
export async function readBundles(parts: ReadParts): Promise<ReadonlyMap<string, number>> {
  const bundles = new Map<string, number>();
  await readRetained(parts, [pieceTopic(parts.prefix, "+", 0)], (topic, payload) => {
    const [sha256 = ""] = topic.split("/").slice(-2);
    if (payload.length > 0) bundles.set(sha256, countFromFirst(payload));
    else bundles.delete(sha256);
  });
  return bundles;
}

/** Returns whether the claim of an upload still counts, by the hash of its bundle's manifest. */
export async function readClaims(parts: ReadParts): Promise<ReadonlyMap<string, boolean>> {
  const claims = new Map<string, boolean>();
  await readRetained(parts, [claimTopic(parts.prefix, "+")], (topic, payload) => {
    const [sha256 = ""] = topic.split("/").slice(-2);
    if (payload.length > 0) claims.set(sha256, isClaimValid(payload));
    else claims.delete(sha256);
  });
  return claims;
}

async function readRetained(
  { broker, signal }: ReadParts,
  filters: readonly string[],
  onMessage: (topic: string, payload: Uint8Array) => void,
): Promise<void> {
  let lastMessageAt = 0;
  const unsubscribe = filters.map((filter) =>
    broker.subscribe(filter, async ({ topic, payload }) => {
      lastMessageAt = performance.now();
      onMessage(topic, payload);
    }),
  );
  try {
    await untilQuiet(() => lastMessageAt, QUIET_MILLISECONDS, signal);
  } finally {
    for (const end of unsubscribe) end();
  }
}

function offerOrNull(payload: Uint8Array): BundleOffer | null {
  try {
    return parseOffer(payload);
  } catch {
    return null;
  }
}

/** Returns the number of pieces of a bundle from its first one; the most that a bundle can have if that does not tell. */
function countFromFirst(piece: Uint8Array): number {
  try {
    const end = piece.indexOf(0x0a, FIRST_LINE.length);
    const { files } = parseManifest(piece.subarray(FIRST_LINE.length, end));
    const signaturesEnd = piece.indexOf(0x0a, end + 1);
    const size = files.reduce((sum, file) => sum + file.size, 0) + signaturesEnd + 1;
    if (end > 0 && signaturesEnd > 0) return countPieces(size);
  } catch {
    // Its manifest is longer than a piece, or it is not a bundle.
  }
  return countPieces(MAX_BUNDLE_BYTES);
}
