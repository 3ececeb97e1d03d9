import type { FileHandle } from "node:fs/promises";

/** Reads from a place in a file until the bytes are full or the file ends. Returns the number of bytes. */
export async function readBytes(file: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  let read = 0;
  while (read < bytes.length) {
    const { bytesRead } = await file.read(bytes, read, bytes.length - read, position + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return read;
}
