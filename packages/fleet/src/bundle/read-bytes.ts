/** An open file, such as a `FileHandle` of Node. */
export interface OpenFile {
  read(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  stat(): Promise<{ readonly size: number | bigint; isFile(): boolean }>;
}

/** Reads from a place in a file until the bytes are full or the file ends. Returns the number of bytes. */
export async function readBytes(file: Pick<OpenFile, "read">, bytes: Uint8Array, position: number): Promise<number> {
  let read = 0;
  while (read < bytes.length) {
    const { bytesRead } = await file.read(bytes, read, bytes.length - read, position + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return read;
}
