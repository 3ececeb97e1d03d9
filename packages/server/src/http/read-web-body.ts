import { bodiesTooMany, bodyCutOff, bodyTaken, bodyTooLarge, bodyTooSlow } from "./body-errors.js";
import type { BodyShare } from "./body-space.js";
import type { HttpLimits } from "./http-limits.js";

/**
 * Reads the body of a platform `Request`. Its bytes keep their space in the share. Rejects with {@link ServiceError}
 * `body-refused` (400, 408, 413, 503).
 */
export async function readWebBody(request: Request, limits: HttpLimits, share: BodyShare): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  // An app that reads the body before this handler leaves nothing to read.
  if (request.bodyUsed || request.body.locked) throw bodyTaken();
  const reader = request.body.getReader();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(bodyTooSlow(limits.bodyMilliseconds)), limits.bodyMilliseconds);
  });
  try {
    while (true) {
      const { done, value } = await Promise.race([readOrFail(reader), late]);
      if (done) return joined(pieces, bytes);
      bytes += value.byteLength;
      if (bytes > limits.bodyBytes) throw bodyTooLarge(limits.bodyBytes);
      if (!share.take(value.byteLength)) throw bodiesTooMany();
      pieces.push(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function readOrFail(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read();
  } catch {
    throw bodyCutOff();
  }
}

function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined) return first;
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.byteLength;
  }
  return all;
}
