import { verify } from "node:crypto";
import { cutText } from "@nanoagent/models";
import { FleetError } from "../fleet-error.js";
import type { BundleHead, BundleSignature } from "./bundle-manifest.js";
import { FINGERPRINT, publicKeyOf, type TrustedKey } from "./keys.js";

/** Longest text of a key in a message. */
const SHOWN_CHARACTERS = 100;

/** Returns the trusted key that signed a bundle. Throws `FleetError` (`bundle-untrusted`) if no such key did. */
export function verifySignatures(
  { manifestBytes, signatures }: Pick<BundleHead, "manifestBytes" | "signatures">,
  keys: readonly TrustedKey[],
): TrustedKey {
  if (keys.length === 0) {
    throw untrusted(
      "No keys are trusted here.",
      "Add the public key of its author: to fleet.trust of the config, or with --trust.",
    );
  }
  if (signatures.length === 0) {
    throw untrusted("It is not signed.", "Sign it with: nanoagent bundle sign FILE --key KEY");
  }
  const signer = keys.find((key) => signatures.some((signature) => isSignedBy(manifestBytes, signature, key)));
  if (signer !== undefined) return signer;
  throw untrusted(
    reasonOf(signatures, keys),
    "Trust the public key of its author, if you know it, or get the bundle again.",
  );
}

/** Whether a signature is that of a key. A fingerprint in it must be that of the key; any other text is only for people. */
export function isSignedBy(
  manifestBytes: Uint8Array,
  { signature, key }: BundleSignature,
  trusted: TrustedKey,
): boolean {
  if (key !== undefined && FINGERPRINT.test(key) && key !== trusted.fingerprint) return false;
  return verify(null, manifestBytes, publicKeyOf(trusted), Buffer.from(signature, "base64"));
}

function reasonOf(signatures: readonly BundleSignature[], keys: readonly TrustedKey[]): string {
  const trusted = signatures.some(({ key }) => keys.some(({ fingerprint }) => fingerprint === key));
  if (trusted) return "Its signature does not match its manifest: the bundle was changed after it was signed.";
  const names = signatures.flatMap(({ key }) => (key === undefined ? [] : [cutText(key, SHOWN_CHARACTERS)]));
  const how =
    names.length < signatures.length
      ? "None of its signatures fits a trusted key: other keys signed it, or it was changed after it was signed."
      : `It is signed by keys that are not trusted: ${names.join(", ")}.`;
  return `${how} The trusted keys are: ${keys.map(({ fingerprint }) => fingerprint).join(", ")}.`;
}

function untrusted(reason: string, hint: string): FleetError {
  return new FleetError({ code: "bundle-untrusted", message: "No trusted key has signed the bundle.", reason, hint });
}
