import zlib from "node:zlib";

/** Writes a measurement with the CRC-32 of its JSON in one line, so that a flipped bit on a memory card is noticed. */
export function withChecksum(measurement: object): string {
  return `${JSON.stringify({ ...measurement, crc32: sumOf(measurement) }, null, 2)}\n`;
}

/**
 * Takes the checksum off what was read. Returns null where it does not fit. A file of an earlier version, or one from which
 * a person has removed the checksum, has none.
 */
export function withoutChecksum(data: unknown): unknown {
  if (typeof data !== "object" || data === null || !("crc32" in data)) return data;
  const { crc32, ...rest } = data;
  return crc32 === sumOf(rest) ? rest : null;
}

function sumOf(value: object): string {
  return zlib.crc32(JSON.stringify(value)).toString(16).padStart(8, "0");
}
