import type { FileHandle } from "node:fs/promises";

const BLOCK_BYTES = 512;
/** Zeros at the end of an archive. Programs round its size up to 10 KiB, or more by an option. */
const MAX_END_BYTES = 1_048_576;
/** Most extended headers and longest one. That of a path has 0.2 KB. */
const MAX_PAX_BYTES = 65_536;

/**
 * Whether the bytes of a tar archive that readers skip are as writers make them: each header has its checksum in the
 * usual form, extended headers are whole records, and padding and end are zeros. With the hashes of the bodies, no altered
 * bit that has an effect remains unseen. Reads headers and padding alone. Rejects like the system call.
 */
export async function isPlainTar(handle: FileHandle): Promise<boolean> {
  let position = 0;
  let paxBytes: number | null = null;
  for (;;) {
    const header = await readAt(handle, position, BLOCK_BYTES);
    if (header.length < BLOCK_BYTES) return false;
    if (isZero(header)) return isEnd(handle, position);
    if (!hasChecksum(header)) return false;
    position += BLOCK_BYTES;
    const isPax = header.toString("latin1", 156, 157) === "x";
    const bytes: number | null = isPax ? sizeIn(header) : (paxBytes ?? sizeIn(header));
    if (bytes === null) return false;
    if (isPax) {
      if (bytes > MAX_PAX_BYTES) return false;
      const records = paxRecords(await readAt(handle, position, bytes));
      if (records === null) return false;
      const size: string | undefined = records.get("size");
      if (size !== undefined && !/^\d{1,16}$/.test(size)) return false;
      paxBytes = size === undefined ? null : Number(size);
    } else paxBytes = null;
    position += bytes;
    const padding = (BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES;
    const skipped = await readAt(handle, position, padding);
    if (skipped.length < padding || !isZero(skipped)) return false;
    position += padding;
  }
}

/** Whether an archive has nothing but zeros from a position on: two blocks, or more. */
async function isEnd(handle: FileHandle, position: number): Promise<boolean> {
  const { size } = await handle.stat();
  const bytes = size - position;
  if (bytes < 2 * BLOCK_BYTES || bytes > MAX_END_BYTES || bytes % BLOCK_BYTES !== 0) return false;
  const end = await readAt(handle, position, bytes);
  return end.length === bytes && isZero(end);
}

/** Whether a header has the sum of its bytes in the one form that programs write: six octal digits, NUL, space. */
function hasChecksum(header: Buffer): boolean {
  let sum = 8 * 0x20;
  for (const [index, byte] of header.entries()) if (index < 148 || index >= 156) sum += byte;
  return header.toString("latin1", 148, 156) === `${sum.toString(8).padStart(6, "0")}\0 `;
}

/** Returns the size in a header: octal digits, or a number of base 256; null for another form. */
function sizeIn(header: Buffer): number | null {
  const first = header.readUInt8(124);
  if (first === 0x80) {
    const bytes = header.readBigUInt64BE(128);
    return header.readUInt32BE(124) === 0x80000000 && bytes <= Number.MAX_SAFE_INTEGER ? Number(bytes) : null;
  }
  const digits = /^([0-7]{11})[\0 ]?$/.exec(header.toString("latin1", 124, 136))?.[1];
  return digits === undefined ? null : Number.parseInt(digits, 8);
}

/** Returns the records of an extended header, `LENGTH KEY=VALUE` and a line feed each; null if it has anything else. */
function paxRecords(bytes: Buffer): Map<string, string> | null {
  const records = new Map<string, string>();
  for (let position = 0; position < bytes.length; ) {
    const length = Number(/^\d{1,5}(?= )/.exec(bytes.toString("latin1", position, position + 6))?.[0] ?? 0);
    const end = position + length;
    if (length === 0 || end > bytes.length || bytes[end - 1] !== 0x0a) return null;
    const [, key, value] = /^\d+ ([^=]+)=(.*)$/s.exec(bytes.toString("utf8", position, end - 1)) ?? [];
    if (key === undefined || value === undefined) return null;
    records.set(key, value);
    position = end;
  }
  return records;
}

/** Reads up to `bytes`: fewer at the end of the file. */
async function readAt(handle: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  let length = 0;
  while (length < bytes) {
    const { bytesRead } = await handle.read(buffer, length, bytes - length, position + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
