import { createHash, timingSafeEqual } from "node:crypto";

/** Keys that clients may send. Only their hashes are kept. */
export class Keys {
  readonly #hashes: readonly Uint8Array[];

  constructor(keys: readonly string[]) {
    this.#hashes = keys.map(hash);
  }

  /** Whether a key is one of these. The time does not depend on where it differs, nor on which key it is. */
  accepts(key: string): boolean {
    const given = hash(key);
    let isKnown = false;
    for (const own of this.#hashes) isKnown = timingSafeEqual(own, given) || isKnown;
    return isKnown;
  }
}

function hash(key: string): Uint8Array {
  return createHash("sha256").update(key).digest();
}

/** Whether a text can be sent as a key: visible ASCII characters. */
export function isKey(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
