import { crc32 } from "../../files/crc32.js";

const SUFFIX = /^,"crc32":"([0-9a-f]{8})"}$/;
const SUFFIX_BYTES = ',"crc32":"00000000"}'.length;
const CARRIAGE_RETURN = 13;

/** Encodes an object as one line: JSON whose last field is the CRC-32 of all bytes before that field. */
export function encodeLine(value: object): Uint8Array {
  const text = JSON.stringify(value);
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(text) + SUFFIX_BYTES);
  const end = bytes.write(text) - 1;
  const sum = crc32(bytes.subarray(0, end)).toString(16).padStart(8, "0");
  bytes.write(`,"crc32":"${sum}"}\n`, end, "latin1");
  return bytes;
}

/**
 * Decodes a line without its line feed. Returns undefined for a damaged line. A valid checksum proves that it is intact.
 */
export function decodeLine(bytes: Uint8Array): unknown {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  // Editors, or copies by other systems, may have changed the line endings.
  const line = whole.at(-1) === CARRIAGE_RETURN ? whole.subarray(0, -1) : whole;
  const end = line.length - SUFFIX_BYTES;
  if (end < 1) return undefined;
  const sum = SUFFIX.exec(line.toString("latin1", end))?.[1];
  if (sum === undefined || Number.parseInt(sum, 16) !== crc32(line.subarray(0, end))) return undefined;
  try {
    return JSON.parse(`${line.toString("utf8", 0, end)}}`);
  } catch {
    return undefined;
  }
}
