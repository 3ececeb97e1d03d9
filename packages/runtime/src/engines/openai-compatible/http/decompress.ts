import type { IncomingMessage } from "node:http";
import { pipeline, type Readable } from "node:stream";
import { createBrotliDecompress, createUnzip } from "node:zlib";

const decoders: Partial<Record<string, typeof createUnzip>> = {
  gzip: createUnzip,
  "x-gzip": createUnzip,
  deflate: createUnzip,
  br: createBrotliDecompress as typeof createUnzip,
};
/** Encodings that cannot be decoded here. */
const unknownCompressions = new Set(["zstd", "compress", "x-compress", "dcb", "dcz"]);

/**
 * Returns the decoded body of a response that a proxy compressed despite the request, or null for an encoding that
 * cannot be decoded. Unknown encoding names count as uncompressed.
 */
export function decompress(response: IncomingMessage): Readable | null {
  const encoding = response.headers["content-encoding"]?.trim().toLowerCase() ?? "";
  if (unknownCompressions.has(encoding) || encoding.includes(",")) return null;
  const decoder = decoders[encoding]?.();
  if (decoder === undefined) return response;
  // Errors reach the reader of the decoder.
  pipeline(response, decoder, () => {});
  return decoder;
}
