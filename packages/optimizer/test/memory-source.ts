import type { ByteSource } from "../src/formats/byte-source.js";

/** A file in memory that counts the bytes read from it. */
export class MemorySource implements ByteSource {
  bytesRead = 0;
  readonly #bytes: Uint8Array;
  /** The claimed length: a file can get shorter while it is read. */
  readonly length: number;

  constructor(bytes: Uint8Array, length = bytes.length) {
    this.#bytes = bytes;
    this.length = length;
  }

  async read(offset: number, target: Uint8Array): Promise<number> {
    const part = this.#bytes.subarray(offset, offset + target.length);
    target.set(part);
    this.bytesRead += part.length;
    return part.length;
  }
}
