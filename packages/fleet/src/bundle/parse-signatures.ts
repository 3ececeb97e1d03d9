import { type BundleSignature, MAX_SIGNATURES } from "./bundle-manifest.js";
import { checkArray, checkObject, shown, UNPRINTABLE } from "./check-fields.js";
import { FINGERPRINT, FINGERPRINT_CHARACTERS } from "./keys.js";
import { malformed } from "./malformed.js";

/** Longest text that names the key of a signature, in characters. */
const MAX_KEY_CHARACTERS = 1000;
/** Size of an Ed25519 signature. */
const SIGNATURE_BYTES = 64;

/** Returns the signatures of a bundle from the value of their JSON. Throws `FleetError` (`bundle-malformed`). */
export function parseSignatures(value: unknown): readonly BundleSignature[] {
  return checkArray(value, MAX_SIGNATURES, "its list of signatures").map((item, index) => {
    const place = `signature ${index + 1}`;
    const { algorithm, signature, key } = checkObject(item, ["algorithm", "signature", "key"], place);
    if (algorithm !== "ed25519") throw malformed(`The algorithm of ${place} is ${shown(algorithm)}, not "ed25519".`);
    if (typeof signature !== "string" || !isSignature(signature)) {
      throw malformed(`${place.replace("s", "S")} is not the base64 of ${SIGNATURE_BYTES} bytes.`);
    }
    return { algorithm, signature, ...(key != null && { key: parseKey(key, place) }) };
  });
}

/**
 * Returns the text that names a key, in one line. Other programs write other texts than fingerprints, such as the key itself. A
 * text of a fingerprint's length is one, or is damaged.
 */
function parseKey(value: unknown, place: string): string {
  if (typeof value !== "string") throw malformed(`"key" of ${place} is not a text.`);
  if (value.length > MAX_KEY_CHARACTERS) {
    throw malformed(`"key" of ${place} has more than ${MAX_KEY_CHARACTERS} characters.`);
  }
  if (value.length === FINGERPRINT_CHARACTERS && !FINGERPRINT.test(value)) {
    throw malformed(`"key" of ${place} is ${shown(value)}, which is not the fingerprint of a key.`);
  }
  const key = value.replace(/[\r\n]+/g, " ").trim();
  if (UNPRINTABLE.test(key)) throw malformed(`"key" of ${place} contains control characters: ${shown(key)}.`);
  return key;
}

/** Whether a text is the one correct form of base64 of a signature. */
function isSignature(text: string): boolean {
  // A bound before the text is decoded.
  if (text.length > SIGNATURE_BYTES * 2) return false;
  const bytes = Buffer.from(text, "base64");
  return bytes.length === SIGNATURE_BYTES && bytes.toString("base64") === text;
}
