import type { FileHandle } from "node:fs/promises";

/** Appends all bytes to a file. A single write may write only a part of them. */
export async function writeBytes(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written);
    written += bytesWritten;
  }
}
