import type { FileHandle } from "node:fs/promises";

/**
 * Reads the bytes of an open file, up to `maxBytes` plus one. The size that the system reports is only a guess, because
 * a file can grow while it is read.
 */
export async function readAtMost(handle: FileHandle, statedBytes: number, maxBytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.min(statedBytes, maxBytes) + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}
