import type { IncomingMessage } from "node:http";
import { pipeline, type Readable } from "node:stream";
import { createBrotliDecompress, createUnzip } from "node:zlib";

const decoders: Partial<Record<string, typeof createUnzip>> = {
  gzip: createUnzip,
  "x-gzip": createUnzip,
  deflate: createUnzip,
  br: createBrotliDecompress as typeof createUnzip,
};
/** Encodings that nothing here can read. */
const unknownCompressions = new Set(["zstd", "compress", "x-compress", "dcb", "dcz"]);

/**
 * Returns the bytes of an answer that a proxy has compressed, though it was asked not to; null for an encoding that cannot
 * be read. What a server calls an encoding, and is none, is not one.
 */
export function decompress(response: IncomingMessage): Readable | null {
  const encoding = response.headers["content-encoding"]?.trim().toLowerCase() ?? "";
  if (unknownCompressions.has(encoding) || encoding.includes(",")) return null;
  const decoder = decoders[encoding]?.();
  if (decoder === undefined) return response;
  // Whoever reads the decoder is told of what goes wrong.
  pipeline(response, decoder, () => {});
  return decoder;
}
