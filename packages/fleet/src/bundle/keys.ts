import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { FleetError } from "../fleet-error.js";

/** A public key whose bundles are accepted. */
export interface TrustedKey {
  /** Text that names the key, such as in a signature. */
  readonly fingerprint: string;
  /** The key as one line: the base64 of its PEM file. */
  readonly line: string;
}

/** A new pair of keys. */
export interface KeyPair {
  readonly privatePem: string;
  readonly publicPem: string;
  /** The public key as one line, for `fleet.trust`. */
  readonly publicLine: string;
  readonly fingerprint: string;
}

/** Digits of the hash in a fingerprint: 160 bits, too many to find another key with the same ones. */
const FINGERPRINT_DIGITS = 40;
const FINGERPRINT_PREFIX = "ed25519:";
/** The form of a fingerprint: `ed25519:` and the beginning of the SHA-256 of the key in DER form. */
export const FINGERPRINT: RegExp = /^ed25519:[0-9a-f]{40}$/;
export const FINGERPRINT_CHARACTERS: number = FINGERPRINT_PREFIX.length + FINGERPRINT_DIGITS;

/** Largest text with keys. A public key has 113 bytes. */
const MAX_TEXT_CHARACTERS = 64 * 1024;
/** Most trusted keys. Each is tried for each signature. */
const MAX_KEYS = 64;
const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;

const HINT =
  "Pass the public key that nanoagent bundle new-key writes: the file that ends in .pub, or its line of base64.";

/**
 * Returns the public keys in the texts. Each text is a PEM file with one or more public keys, or the line of base64 of one.
 * Throws `FleetError` (`signing-key-invalid`).
 */
export function readTrustedKeys(texts: readonly string[]): readonly TrustedKey[] {
  const keys = new Map<string, TrustedKey>();
  for (const text of texts) {
    for (const key of readKeys(text)) {
      const trusted = trustedKey(key);
      keys.set(trusted.fingerprint, trusted);
      if (keys.size > MAX_KEYS)
        throw invalid(`Only ${MAX_KEYS} keys can be trusted.`, "Remove keys that are not in use.");
    }
  }
  return [...keys.values()];
}

/** Returns a trusted key in the form that verifies signatures. */
export function publicKeyOf({ line }: TrustedKey): KeyObject {
  return createPublicKey({ key: Buffer.from(line, "base64"), format: "der", type: "spki" });
}

/** Reads the private key that signs. Throws `FleetError` (`signing-key-invalid`). */
export function readPrivateKey(pem: string): { key: KeyObject; publicKey: TrustedKey } {
  const hint = "Pass the file that nanoagent bundle new-key wrote, without .pub.";
  if (pem.length > MAX_TEXT_CHARACTERS) throw invalid("The text is too long for a key.", hint);
  if (!pem.includes("PRIVATE KEY-----")) {
    const isPublic = pem.includes("PUBLIC KEY-----");
    throw invalid(
      isPublic ? "It is a public key, which cannot sign." : "It is not the PEM text of a private key.",
      hint,
    );
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ERR_MISSING_PASSPHRASE" || pem.includes("ENCRYPTED")) {
      throw invalid("It is protected by a passphrase.", "Decrypt it with: openssl pkey -in KEY -out PLAIN_KEY", error);
    }
    throw invalid("It is not the PEM text of a private key.", hint, error);
  }
  if (key.asymmetricKeyType !== "ed25519") throw wrongKind(key, hint);
  return { key, publicKey: trustedKey(createPublicKey(key)) };
}

/** Makes a pair of Ed25519 keys. */
export function makeKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const { fingerprint, line } = trustedKey(publicKey);
  return {
    privatePem: String(privateKey.export({ format: "pem", type: "pkcs8" })),
    publicPem: String(publicKey.export({ format: "pem", type: "spki" })),
    publicLine: line,
    fingerprint,
  };
}

function trustedKey(key: KeyObject): TrustedKey {
  const der = key.export({ format: "der", type: "spki" });
  const digits = createHash("sha256").update(der).digest("hex").slice(0, FINGERPRINT_DIGITS);
  return { fingerprint: `${FINGERPRINT_PREFIX}${digits}`, line: der.toString("base64") };
}

function readKeys(text: string): readonly KeyObject[] {
  if (text.length > MAX_TEXT_CHARACTERS) throw invalid("The text is too long for keys.", HINT);
  if (text.includes("PRIVATE KEY-----")) {
    throw invalid("It is a private key, which must stay secret and is not needed here.", HINT);
  }
  if (!text.includes("-----BEGIN")) return [readLine(text)];
  const blocks = [...text.matchAll(PEM_BLOCK)];
  // A damaged block does not match, and must not be dropped silently.
  if (blocks.length === 0 || blocks.length !== text.split("-----BEGIN").length - 1) {
    throw invalid("Its PEM text is damaged.", HINT);
  }
  return blocks.map(([block, name]) => {
    if (name !== "PUBLIC KEY")
      throw invalid(`It contains a ${String(name).toLowerCase()}, not only public keys.`, HINT);
    try {
      return checkKind(createPublicKey(block));
    } catch (error) {
      throw error instanceof FleetError ? error : invalid("Its PEM text is damaged.", HINT, error);
    }
  });
}

/** Reads the base64 that is inside a PEM file. */
function readLine(text: string): KeyObject {
  const bytes = Buffer.from(text, "base64");
  const isBase64 = bytes.length > 0 && bytes.toString("base64") === text.replaceAll(/\s/g, "");
  if (!isBase64) throw invalid("It is neither PEM nor base64.", HINT);
  let key: KeyObject;
  try {
    key = createPublicKey({ key: bytes, format: "der", type: "spki" });
  } catch (error) {
    throw invalid("Its base64 is not a public key.", HINT, error);
  }
  checkKind(key);
  // Further bytes after the key would be ignored.
  if (!key.export({ format: "der", type: "spki" }).equals(bytes))
    throw invalid("Its base64 is not a public key.", HINT);
  return key;
}

function checkKind(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== "ed25519") throw wrongKind(key, HINT);
  return key;
}

function wrongKind({ asymmetricKeyType }: KeyObject, hint: string): FleetError {
  return invalid(`Its kind is ${asymmetricKeyType ?? "unknown"}, not Ed25519.`, hint);
}

function invalid(reason: string, hint: string, cause?: unknown): FleetError {
  return new FleetError({ code: "signing-key-invalid", message: "The key cannot be used.", reason, hint, cause });
}
