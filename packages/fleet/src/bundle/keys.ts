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

/**
 * Returns the public keys in the texts. Each text is a PEM file with one or more public keys, or the line of base64 of one.
 * Throws `FleetError` (`signing-key-invalid`).
 */
export function readTrustedKeys(_texts: readonly string[]): readonly TrustedKey[] {
  throw new Error("not written yet");
}

/** Makes a pair of Ed25519 keys. */
export function makeKeyPair(): KeyPair {
  throw new Error("not written yet");
}
