/** Bytes that can be read from any place: a file, or a buffer in a test. */
export interface ByteSource {
  /** How many there are. */
  readonly length: number;
  /** Fills `target` with the bytes from `offset` on and returns how many there were: fewer only at the end. */
  read(offset: number, target: Uint8Array): Promise<number>;
}
