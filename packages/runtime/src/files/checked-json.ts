import { crc32 } from "./crc32.js";

const SUFFIX = /,"crc32":"([0-9a-f]{8})"\}$/;

/** Returns an object as JSON whose last key is the CRC-32 of all bytes before that key. */
export function toCheckedJson(value: object): string {
  const begin = JSON.stringify(value).slice(0, -1);
  return `${begin},"crc32":"${sumOf(begin)}"}`;
}

/** Parses the output of {@link toCheckedJson}, without the checksum. Returns null if any byte differs. */
export function fromCheckedJson(text: string): Record<string, unknown> | null {
  const found = SUFFIX.exec(text);
  if (found === null) return null;
  const begin = text.slice(0, found.index);
  if (sumOf(begin) !== found[1]) return null;
  try {
    return JSON.parse(`${begin}}`) as Record<string, unknown>;
  } catch {
    return null;
  }
}

function sumOf(text: string): string {
  return crc32(Buffer.from(text)).toString(16).padStart(8, "0");
}
