import { constants } from "node:fs";
import { open } from "node:fs/promises";

const { O_RDONLY, O_NONBLOCK = 0 } = constants;

/** Error for a file above the limit, or for something that is not a file. It has no system code. */
class UnexpectedFileError extends Error {
  override name = "UnexpectedFileError";
}

/** Reads a file of at most `maxBytes`, whatever its size claims. Opening a named pipe does not block. */
export async function readSmallFile(file: string, maxBytes: number): Promise<Buffer> {
  const handle = await open(file, O_RDONLY | O_NONBLOCK);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new UnexpectedFileError(`${file} is not a file.`);
    if (status.size > maxBytes) throw new UnexpectedFileError(`${file} has more than ${maxBytes} bytes.`);
    const buffer = Buffer.alloc(Math.min(maxBytes, status.size) + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > maxBytes) throw new UnexpectedFileError(`${file} has more than ${maxBytes} bytes.`);
    return buffer.subarray(0, length);
  } finally {
    await handle.close();
  }
}
