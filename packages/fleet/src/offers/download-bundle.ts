import type { IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { FleetError } from "../fleet-error.js";
import { BrokenTransfer } from "./broken-transfer.js";
import { WrongContent } from "./content-check.js";
import { describeFailure } from "./describe-failure.js";
import { fetchError } from "./fetch-error.js";
import type { PartialBundle } from "./partial-bundle.js";
import { requestRange } from "./request-range.js";

/** Tries in a row that bring less than {@link GAIN_BYTES}. */
const MAX_FRUITLESS_TRIES = 5;
const GAIN_BYTES = 64 * 1024;
/** Times that the content may be wrong. After the second, it begins again. */
const MAX_WRONG_CONTENTS = 3;
/** A connection that brings less in {@link DownloadTimes.stall} is ended. */
const LEAST_BYTES = 1024;
/** Longest wait that a server may ask for. */
const LONGEST_WAIT_MILLISECONDS = 300_000;
const temporary: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Times in milliseconds. */
export interface DownloadTimes {
  /** Longest time until the headers of a response are here. */
  readonly response: number;
  /** Time in which a connection must bring something. */
  readonly stall: number;
  /** First pause before the next try. It doubles with every failure. */
  readonly firstPause: number;
}

export const defaultDownloadTimes: DownloadTimes = { response: 30_000, stall: 60_000, firstPause: 1000 };

export interface DownloadParts {
  readonly url: string;
  readonly partial: PartialBundle;
  readonly signal: AbortSignal;
  readonly onBytes: () => void;
  readonly times: DownloadTimes;
}

/** Traits of the server that earlier tries have shown. */
interface ServerTraits {
  /** Strong ETag of the file, or null. */
  tag: string | null;
  /** Whether it sends parts as they are asked for. */
  sendsParts: boolean;
}

/** Downloads the missing part of a bundle, with as many connections as it takes. */
export async function downloadBundle(parts: DownloadParts): Promise<void> {
  const { partial, signal, times, url } = parts;
  const { host } = new URL(url);
  const server: ServerTraits = { tag: null, sendsParts: true };
  let fruitless = 0;
  let wrong = 0;
  let most = partial.receivedBytes;
  while (!partial.isComplete) {
    try {
      await transferOnce(parts, server);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof WrongContent) {
        wrong += 1;
        server.tag = null;
        if (wrong >= MAX_WRONG_CONTENTS)
          throw fetchError(host, `The address has other content. ${error.message}`, ADVICE, error);
        if (wrong > 1) await partial.clear();
      } else if (!(error instanceof BrokenTransfer)) throw error;
      const gained = partial.receivedBytes - most;
      most = Math.max(most, partial.receivedBytes);
      fruitless = gained >= GAIN_BYTES ? 0 : fruitless + 1;
      if (fruitless >= MAX_FRUITLESS_TRIES) throw fetchError(host, (error as Error).message, RETRY, error);
      const asked = error instanceof BrokenTransfer ? error.waitMilliseconds : null;
      await pause(asked ?? times.firstPause * 2 ** fruitless, undefined, { signal });
    }
  }
}

const ADVICE = "Upload the bundle again, or offer it with its current address.";
const RETRY = "Check the network and the server. The part that is here is kept.";

async function transferOnce(parts: DownloadParts, server: ServerTraits): Promise<void> {
  const { url, partial, signal, times, onBytes } = parts;
  const from = server.sendsParts ? partial.receivedBytes : 0;
  const { host } = new URL(url);
  const response = await requestRange({ url, from, tag: server.tag, signal, timeoutMilliseconds: times.response });
  try {
    const at = readAnswer(response, { from, totalBytes: partial.totalBytes, host, server });
    const tag = strongTag(response);
    const hasChanged = server.tag !== null && server.tag !== tag;
    server.tag = tag;
    if (hasChanged) {
      await partial.clear();
      if (at > 0) throw new BrokenTransfer("The file changed during the download.");
    }
    await save(response, at, { partial, stallMilliseconds: times.stall, onBytes });
  } finally {
    response.destroy();
  }
}

/** Returns the position of the first byte that the response has. */
function readAnswer(
  { statusCode: status = 0, headers }: IncomingMessage,
  { from, totalBytes, host, server }: { from: number; totalBytes: number; host: string; server: ServerTraits },
): number {
  if (headers["content-encoding"] !== undefined && headers["content-encoding"] !== "identity")
    throw fetchError(host, "The server changes the file on its way (content-encoding).", ADVICE);
  if (status === 200) {
    const length = headers["content-length"];
    if (length !== undefined && Number(length) !== totalBytes) throw otherSize(host, Number(length), totalBytes);
    return 0;
  }
  if (status === 206 && from > 0) {
    const [, first, total] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(headers["content-range"] ?? "") ?? [];
    if (total !== undefined && total !== "*" && Number(total) !== totalBytes)
      throw otherSize(host, Number(total), totalBytes);
    if (first !== undefined && Number(first) === from) return from;
  }
  if (status === 206 || status === 416) {
    server.sendsParts = false;
    throw new BrokenTransfer("The server sends another part of the file than it was asked for.");
  }
  const reason = `The server answers with status ${status}.`;
  if (temporary.has(status)) throw new BrokenTransfer(reason, { waitMilliseconds: readWait(headers["retry-after"]) });
  throw fetchError(host, reason, "Check the address, and that everybody may read it: no password is sent.");
}

function otherSize(host: string, found: number, expected: number): FleetError {
  return fetchError(host, `The file has ${found} bytes there, and the bundle has ${expected}.`, ADVICE);
}

/** Appends the body of a response that begins at a position, but for the part that is here. */
async function save(
  response: IncomingMessage,
  at: number,
  parts: { partial: PartialBundle; stallMilliseconds: number; onBytes: () => void },
): Promise<void> {
  const { partial, stallMilliseconds, onBytes } = parts;
  let position = at;
  let earlier = at;
  let isSlow = false;
  const timer = setInterval(() => {
    if (position - earlier < LEAST_BYTES) {
      isSlow = true;
      response.destroy();
    }
    earlier = position;
  }, stallMilliseconds);
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      const { receivedBytes, totalBytes } = partial;
      // Some servers do not end where the file does.
      const fresh = chunk.subarray(Math.max(0, receivedBytes - position), totalBytes - position);
      position += chunk.length;
      if (fresh.length > 0) {
        await partial.append(fresh);
        onBytes();
      }
      if (partial.isComplete) return;
    }
  } catch (cause) {
    if (cause instanceof WrongContent || FleetError.isInstance(cause)) throw cause;
    throw new BrokenTransfer(isSlow ? TOO_SLOW : describeFailure(cause), { cause });
  } finally {
    clearInterval(timer);
  }
  throw new BrokenTransfer(isSlow ? TOO_SLOW : "The server ended the file too early.");
}

const TOO_SLOW = "The server sent almost nothing for too long.";

function strongTag({ headers }: IncomingMessage): string | null {
  const { etag } = headers;
  return etag?.startsWith('"') && etag.length <= 500 ? etag : null;
}

function readWait(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Math.min(Number(text) * 1000, LONGEST_WAIT_MILLISECONDS) : null;
}
