import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { type ByteSource, type GgufHeader, parseGguf } from "@nanoagent/optimizer";

/**
 * Reads the header of a file of `fileBytes` bytes from the beginning of it in `partial`. `path` is the path that the
 * header will have. Returns null if the file is missing or does not have a complete header.
 */
export async function readPartialHeader(
  partial: string,
  { path, fileBytes }: { path: string; fileBytes: number },
): Promise<GgufHeader | null> {
  let file: FileHandle | undefined;
  try {
    if (!(await stat(partial)).isFile()) return null;
    // The file may be a pipe by now. Without this flag, opening a pipe waits for a writer.
    file = await open(partial, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    return await parseGguf(path, new PartialFile(file, fileBytes));
  } catch {
    // The network has the file, and its error is the one that counts.
    return null;
  } finally {
    await file?.close();
  }
}

/** A file of a known size, of which only the beginning is there. */
class PartialFile implements ByteSource {
  readonly length: number;
  readonly #file: FileHandle;

  constructor(file: FileHandle, length: number) {
    this.#file = file;
    this.length = length;
  }

  async read(offset: number, target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.length) {
      const { bytesRead } = await this.#file.read(target, filled, target.length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }
}
