import zlib from "node:zlib";

/** Formats a measurement with the CRC-32 of its JSON in one line, to detect flipped bits on a memory card. */
export function withChecksum(measurement: object): string {
  return `${JSON.stringify({ ...measurement, crc32: sumOf(measurement) }, null, 2)}\n`;
}

/**
 * Removes the checksum from parsed data. Returns null if it does not match. Data without a checksum is accepted, such
 * as files of an earlier version or edited files.
 */
export function withoutChecksum(data: unknown): unknown {
  if (typeof data !== "object" || data === null || !("crc32" in data)) return data;
  const { crc32, ...rest } = data;
  return crc32 === sumOf(rest) ? rest : null;
}

function sumOf(value: object): string {
  return zlib.crc32(JSON.stringify(value)).toString(16).padStart(8, "0");
}
