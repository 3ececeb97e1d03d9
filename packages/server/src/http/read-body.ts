import type { IncomingMessage } from "node:http";
import { bodiesTooMany, bodyCutOff, bodyTooLarge, bodyTooSlow } from "./body-errors.js";
import type { BodyShare } from "./body-space.js";
import type { HttpLimits } from "./http-limits.js";

/** Reads the body of a request. Its bytes keep their space in the share. Rejects with {@link ServiceError} `body-refused` (400, 408, 413, 503). */
export function readBody(incoming: IncomingMessage, limits: HttpLimits, share: BodyShare): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    const onData = (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > limits.bodyBytes) return finish(bodyTooLarge(limits.bodyBytes));
      if (!share.take(piece.length)) return finish(bodiesTooMany());
      pieces.push(piece);
    };
    const onEnd = () => finish(null);
    const onClose = () => finish(bodyCutOff());
    const finish = (error: Error | null) => {
      clearTimeout(timer);
      incoming.off("data", onData).off("end", onEnd).off("close", onClose);
      if (error !== null) reject(error);
      else resolve(pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces, bytes));
    };
    const timer = setTimeout(() => finish(bodyTooSlow(limits.bodyMilliseconds)), limits.bodyMilliseconds);
    if (incoming.destroyed) return finish(incoming.readableEnded ? null : bodyCutOff());
    incoming.on("data", onData).on("end", onEnd).on("close", onClose);
  });
}
