interface TableSearch {
  /** Names of the tensors, one of which the table begins with. */
  names: { has(name: string): boolean };
  littleEndian: boolean;
  maxNameBytes: number;
  /** Most places to return. */
  most: number;
}

const LENGTH_BYTES = 8;

/**
 * Returns the first places where a table of tensors can begin: there is a tensor's name, after its length as a 64-bit
 * integer. Takes one pass over the bytes, and decodes only names.
 */
export function findTables(bytes: Uint8Array, { names, littleEndian, maxNameBytes, most }: TableSearch): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const places: number[] = [];
  for (let at = 0; at + LENGTH_BYTES <= bytes.length && places.length < most; at++) {
    const length = view.getUint32(littleEndian ? at : at + 4, littleEndian);
    if (length === 0 || length > maxNameBytes) continue;
    if (view.getUint32(littleEndian ? at + 4 : at, littleEndian) !== 0) continue;
    const start = at + LENGTH_BYTES;
    if (names.has(buffer.toString("utf8", start, start + length))) places.push(at);
  }
  return places;
}
