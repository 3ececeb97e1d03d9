/** A random-access source of bytes: a file, or a buffer in a test. */
export interface ByteSource {
  /** Number of bytes. */
  readonly length: number;
  /** Fills `target` with the bytes from `offset` and returns their number, which is smaller only at the end. */
  read(offset: number, target: Uint8Array): Promise<number>;
}
