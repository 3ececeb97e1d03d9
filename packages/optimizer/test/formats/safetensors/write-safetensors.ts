export interface WritableSafetensor {
  dtype?: unknown;
  shape?: unknown;
  data_offsets?: unknown;
}

/** Returns a safetensors file with any header. The data are zeros. */
export function writeSafetensors(
  header: Record<string, unknown> | string,
  dataBytes: number,
  headerBytes?: bigint,
): Uint8Array {
  const encoded = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(headerBytes ?? BigInt(encoded.length));
  return new Uint8Array(Buffer.concat([length, encoded, Buffer.alloc(dataBytes)]));
}

export function safetensor(begin: number, shape: number[], dtype = "BF16", bytesEach = 2): WritableSafetensor {
  const bytes = shape.reduce((product, length) => product * length, 1) * bytesEach;
  return { dtype, shape, data_offsets: [begin, begin + bytes] };
}
