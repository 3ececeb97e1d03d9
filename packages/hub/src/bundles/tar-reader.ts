import type { FileHandle } from "node:fs/promises";
import { minorCollection } from "../files/minor-collection.js";

const PIECE_BYTES = 262_144;

/** An entry of a tar archive. Its body must be read before the next entry. */
export interface TarEntry {
  name: string;
  /** `file`, `directory`, `symlink`, … */
  type: string;
  bytes: number;
  body: AsyncIterable<Uint8Array>;
}

/**
 * Reads the entries of a tar archive in order. Memory: a few MB. Rejects for an archive that is damaged, that ends
 * early, or that has other bytes than zeros behind its end, and with the signal's reason when it aborts.
 */
export async function* readTar(handle: FileHandle, signal?: AbortSignal): AsyncGenerator<TarEntry> {
  const { createTarDecoder } = await import("modern-tar");
  const collect = minorCollection();
  let position = 0;
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        signal?.throwIfAborted();
        const buffer = new Uint8Array(PIECE_BYTES);
        const { bytesRead } = await handle.read(buffer, 0, PIECE_BYTES, position);
        position += bytesRead;
        collect(bytesRead);
        if (bytesRead === 0) controller.close();
        else controller.enqueue(buffer.subarray(0, bytesRead));
      },
    },
    { highWaterMark: 0 },
  );
  const reader = source.pipeThrough(createTarDecoder({ strict: true })).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const { name, type = "file", size = 0 } = value.header;
      yield { name, type, bytes: size, body: value.body as unknown as AsyncIterable<Uint8Array> };
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
