import { createHash } from "node:crypto";
import { cutText } from "@nanoagent/models";
import {
  type BundleSignature,
  FIRST_LINE,
  MAX_CONTENT_BYTES,
  MAX_MANIFEST_BYTES,
  MAX_SIGNATURES_BYTES,
} from "../bundle/bundle-manifest.js";
import { parseSignatures } from "../bundle/parse-signatures.js";
import { FleetError } from "../fleet-error.js";
import { findAddressIssue } from "./bundle-address.js";
import { type BundleOffer, countPieces, MAX_OFFER_BYTES, MAX_OFFERED_MANIFEST_BYTES } from "./bundle-offer.js";
import { isSequence, isSha256 } from "./is-sequence.js";
import { readJsonObject } from "./read-json-object.js";

/** Largest file of a bundle, with the ends of its lines. */
export const MAX_BUNDLE_BYTES: number =
  FIRST_LINE.length + MAX_MANIFEST_BYTES + 1 + MAX_SIGNATURES_BYTES + 1 + MAX_CONTENT_BYTES;
const keys: ReadonlySet<string> = new Set([
  "format",
  "sequence",
  "manifest_sha256",
  "manifest",
  "signatures",
  "size",
  "from",
]);

/**
 * Returns the offer in a message. Checks its form and its sizes, and that its manifest has the hash that it names; nothing is
 * verified yet. Throws `FleetError` (`bundle-malformed`).
 */
export function parseOffer(payload: Uint8Array): BundleOffer {
  if (payload.length > MAX_OFFER_BYTES) throw malformed(`It has more than ${MAX_OFFER_BYTES / 1024} KB.`);
  const value = readJsonObject(payload, MAX_OFFER_BYTES);
  if (value === null) throw malformed("It is not a JSON object.");
  const { format, sequence, manifest_sha256, size } = value;
  if (Number.isSafeInteger(format) && Number(format) > 1)
    throw malformed(
      `It has format ${Number(format)}, which a newer nanoagent wrote.`,
      "Update nanoagent on this device.",
    );
  if (format !== 1) throw malformed('The value of "format" is not 1.');
  checkKeys(value, keys);
  if (!isSequence(sequence)) throw malformed('The value of "sequence" is not a positive integer.');
  if (!isSha256(manifest_sha256)) throw malformed('The value of "manifest_sha256" is not a SHA-256.');
  if (!isSequence(size) || size > MAX_BUNDLE_BYTES)
    throw malformed(`The value of "size" is not an integer from 1 to ${MAX_BUNDLE_BYTES}.`);
  return {
    format,
    sequence,
    manifest_sha256,
    manifest: readManifest(value.manifest, manifest_sha256),
    signatures: readSignatures(value.signatures),
    size,
    from: readFrom(value.from, size),
  };
}

function readManifest(value: unknown, sha256: string): string | null {
  if (value === null) return null;
  if (typeof value !== "string") throw malformed('The value of "manifest" is neither a text nor null.');
  const bytes = new TextEncoder().encode(value);
  if (bytes.length > MAX_OFFERED_MANIFEST_BYTES)
    throw malformed(`The manifest has more than ${MAX_OFFERED_MANIFEST_BYTES / 1024} KB.`);
  if (createHash("sha256").update(bytes).digest("hex") !== sha256)
    throw malformed('The manifest does not have the hash in "manifest_sha256".');
  return value;
}

function readSignatures(value: unknown): readonly BundleSignature[] {
  try {
    return parseSignatures(value);
  } catch (error) {
    if (!FleetError.isInstance(error)) throw error;
    throw malformed(error.reason ?? error.message);
  }
}

function readFrom(value: unknown, size: number): BundleOffer["from"] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw malformed('The value of "from" is not an object.');
  const from = value as Record<string, unknown>;
  const [name, ...more] = Object.keys(from);
  if (more.length > 0 || (name !== "url" && name !== "pieces"))
    throw malformed('The value of "from" does not have exactly one of the keys "url" and "pieces".');
  const { url, pieces } = from;
  if (name === "url") {
    if (typeof url !== "string") throw malformed('The value of "from.url" is not a text.');
    const issue = findAddressIssue(url);
    if (issue !== null) throw malformed(`The address of the bundle cannot be used. ${issue}`);
    return { url };
  }
  const expected = countPieces(size);
  if (pieces !== expected)
    throw malformed(`The value of "from.pieces" is not ${expected}, the number of pieces of a bundle of this size.`);
  return { pieces: expected };
}

function checkKeys(value: Record<string, unknown>, known: ReadonlySet<string>): void {
  const stranger = Object.keys(value).find((key) => !known.has(key));
  if (stranger !== undefined) throw malformed(`It has the unknown key ${JSON.stringify(cutText(stranger, 60))}.`);
}

function malformed(
  reason: string,
  hint = "Offer the bundle again: nanoagent fleet update SELECTOR BUNDLE",
): FleetError {
  return new FleetError({ code: "bundle-malformed", message: "The offer of a bundle cannot be used.", reason, hint });
}
