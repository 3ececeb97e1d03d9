import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { type MirrorFaults, takesFault } from "./mirror-faults.js";
import { type MirrorFile, partsOf, pointerText } from "./mirror-file.js";

const HTML_PAGE =
  "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in to continue.</body></html>\n";

/**
 * Answers a request for a file: 200, 206 for a range, or 416. Applies the faults of bodies.
 * `onSent` is called with the number of bytes of every part that is sent.
 */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  file: MirrorFile,
  faults: MirrorFaults,
  onSent: (bytes: number) => void,
): Promise<void> {
  const replaced = faults.html ? HTML_PAGE : faults.pointer ? pointerText(file) : null;
  const contents = replaced === null ? file.contents : Buffer.from(replaced);
  const total = replaced === null ? file.bytes : Buffer.byteLength(replaced);
  response.setHeader("content-type", faults.html ? "text/html; charset=utf-8" : "application/octet-stream");
  response.setHeader("accept-ranges", "bytes");
  const validator = request.headers["if-range"];
  const isChanged = validator !== undefined && validator !== response.getHeader("etag");
  const isWhole = faults.ignoreRange || faults.html || isChanged;
  const range = isWhole ? "all" : readRange(request.headers.range, total);
  if (range === "unsatisfiable") {
    response.writeHead(416, { "content-range": `bytes */${total}`, "content-length": 0 }).end();
    return;
  }
  const [start, end] = range === "all" ? [0, total] : range;
  if (!faults.hideLength) response.setHeader("content-length", end - start);
  if (range === "all") response.writeHead(200);
  else response.writeHead(206, { "content-range": `bytes ${start}-${end - 1}/${total}` });
  if (request.method === "HEAD") {
    response.end();
    return;
  }

  const truncateAt = takesFault(faults.truncate) ? faults.truncate.afterBytes : Number.POSITIVE_INFINITY;
  const stallAt = takesFault(faults.stall) ? faults.stall.afterBytes : Number.POSITIVE_INFINITY;
  const wrongAt = takesFault(faults.wrongByte) ? faults.wrongByte.position : -1;
  let sent = 0;
  for await (const whole of partsOf(contents, start, end)) {
    for (const part of slices(whole, faults.trickle?.bytes ?? whole.length)) {
      if (response.destroyed) return;
      const until = Math.min(truncateAt, stallAt) - sent;
      const allowed = part.length > until ? part.subarray(0, until) : part;
      const bytes = withWrongByte(allowed, wrongAt - start - sent);
      sent += bytes.length;
      onSent(bytes.length);
      if (!response.write(bytes)) await drain(response);
      if (sent >= truncateAt) {
        // The connection closes after these bytes have left.
        await new Promise((resolve) => response.write("", resolve));
        response.destroy();
        return;
      }
      if (sent >= stallAt) return;
      if (faults.trickle !== null) await wait(faults.trickle.everyMilliseconds);
    }
  }
  response.end();
}

/** Waits until a response takes more, or is closed. */
async function drain(response: ServerResponse): Promise<void> {
  const closed = new AbortController();
  const close = () => closed.abort();
  response.once("close", close);
  await once(response, "drain", { signal: closed.signal }).catch(() => {});
  response.off("close", close);
}

/** Reads `bytes=N-` and `bytes=N-M`. Other forms are answered with the whole file, as the standard allows. */
function readRange(header: string | undefined, total: number): "all" | "unsatisfiable" | [start: number, end: number] {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? "");
  if (match === null) return "all";
  const start = Number(match[1]);
  const end = match[2] === "" ? total : Math.min(Number(match[2]) + 1, total);
  return start >= end ? "unsatisfiable" : [start, end];
}

function* slices(whole: Uint8Array, bytes: number): Generator<Uint8Array> {
  for (let at = 0; at < whole.length; at += bytes) yield whole.subarray(at, at + bytes);
}

function withWrongByte(bytes: Uint8Array, at: number): Uint8Array {
  if (at < 0 || at >= bytes.length) return bytes;
  const changed = Buffer.from(bytes);
  changed.writeUInt8(255 - changed.readUInt8(at), at);
  return changed;
}
