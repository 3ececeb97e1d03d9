import { minorCollection } from "../files/minor-collection.js";
import { HubError } from "../hub-error.js";
import type { HttpClient, HttpResponse } from "../network/http-client.js";
import { refusalOf } from "../network/hub-errors.js";
import type { RemoteFile } from "../sources/remote-model.js";
import { checkFirstBytes, FIRST_BYTES } from "./first-bytes.js";
import type { PartialFile } from "./partial-file.js";

/** A transfer that ended early, and can be continued. */
export class InterruptedTransfer extends Error {
  override name = "InterruptedTransfer";
}

export interface TransferOptions {
  client: HttpClient;
  signal: AbortSignal | undefined;
  /** Time without a byte after which the connection is dropped. */
  stallMilliseconds: number;
  onBytes: (bytes: number) => void;
  /** Called once the number of bytes that will be saved is known. */
  beforeSaving: (bytes: number) => Promise<void>;
}

/**
 * Requests the missing part of a file, and appends it. Resolves when the file is complete. Rejects with an
 * `InterruptedTransfer` if another request can continue, and with a `HubError` otherwise.
 */
export async function transfer(file: RemoteFile, partial: PartialFile, options: TransferOptions): Promise<void> {
  const from = partial.receivedBytes;
  const response = await options.client.request({
    url: file.url,
    headers: rangeHeaders(file, partial),
    signal: options.signal,
  });
  const { body } = response;
  body.on("error", () => {});
  try {
    const answer = readAnswer(response, file, from);
    if (answer.kind === "complete") return;
    const chunks = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    if (answer.kind === "rest") {
      checkTotal(file, partial.totalBytes ?? file.bytes, answer.totalBytes);
      partial.totalBytes ??= answer.totalBytes;
      await save(chunks, [], partial, options, body);
      return;
    }
    // The earlier part is dropped only after the new one begins as it should.
    const first = await readFirst(chunks, options, body);
    checkFirstBytes(file.path, Buffer.concat(first), new URL(response.url).host);
    checkTotal(file, file.bytes, answer.totalBytes);
    const totalBytes = file.bytes ?? answer.totalBytes;
    if (totalBytes !== null) await options.beforeSaving(totalBytes - from);
    const { sha256, gitSha1 } = file;
    await partial.begin({ bytes: totalBytes, sha256, gitSha1, validator: validatorOf(response) });
    await save(chunks, first, partial, options, body);
  } finally {
    body.destroy();
  }
}

function rangeHeaders({ sha256, gitSha1 }: RemoteFile, partial: PartialFile): Record<string, string> {
  if (partial.receivedBytes === 0) return {};
  const range = { range: `bytes=${partial.receivedBytes}-` };
  // A hash tells more than the server's mark, which differs between the hosts of one file.
  const validator = partial.identity?.validator ?? null;
  return sha256 === null && gitSha1 === null && validator !== null ? { ...range, "if-range": validator } : range;
}

/** Returns the strong ETag or the date of a response. */
function validatorOf({ headers }: HttpResponse): string | null {
  const validator = headers.etag?.startsWith('"') ? headers.etag : headers["last-modified"];
  return validator !== undefined && validator.length <= 500 ? validator : null;
}

type Answer = { kind: "complete" } | { kind: "whole" | "rest"; totalBytes: number | null };

function readAnswer(response: HttpResponse, file: RemoteFile, from: number): Answer {
  const { status, headers } = response;
  const range = /^bytes (?:(\d{1,15})-\d{1,15}|\*)\/(\d{1,15}|\*)$/.exec(headers["content-range"] ?? "");
  const total = range?.[2] === undefined || range[2] === "*" ? null : Number(range[2]);
  if (status === 206 && from > 0) {
    if (range?.[1] === undefined || Number(range[1]) !== from) {
      throw new HubError({
        code: "download-failed",
        message: `${new URL(response.url).host} sends another part of ${file.path} than it was asked for.`,
        reason: `The part from byte ${from} on was requested.`,
        hint: "Try again later, or use another mirror: export HF_ENDPOINT=https://huggingface.co",
      });
    }
    return { kind: "rest", totalBytes: total };
  }
  if (status === 200) {
    const length = headers["content-encoding"] === undefined ? headers["content-length"] : undefined;
    return { kind: "whole", totalBytes: length === undefined ? null : Number(length) };
  }
  if (status === 416 && from > 0) {
    // Nothing follows the part that is here, so the file ends there.
    checkTotal(file, file.bytes ?? total, total ?? from);
    if (total === null || total === from) return { kind: "complete" };
  }
  const isRedirected = new URL(response.url).origin !== new URL(file.url).origin;
  if (isRedirected && [400, 401, 403, 404, 410].includes(status)) {
    throw new InterruptedTransfer("The signed address of the file has expired.");
  }
  throw refusalOf(response, file.path);
}

function checkTotal(file: RemoteFile, expected: number | null, total: number | null): void {
  if (expected === null || total === null || expected === total) return;
  throw new HubError({
    code: "download-damaged",
    message: `${file.path} changed at its source.`,
    reason: `It has ${total} bytes now, and ${expected} bytes were expected.`,
    hint: "Run the same command again: it looks at the current version.",
  });
}

async function readFirst(
  chunks: AsyncIterator<Buffer>,
  options: TransferOptions,
  body: HttpResponse["body"],
): Promise<Buffer[]> {
  const first: Buffer[] = [];
  for (let bytes = 0; bytes < FIRST_BYTES; ) {
    const next = await nextChunk(chunks, options, body);
    if (next === null) break;
    first.push(next);
    bytes += next.length;
  }
  return first;
}

async function save(
  chunks: AsyncIterator<Buffer>,
  first: readonly Buffer[],
  partial: PartialFile,
  options: TransferOptions,
  body: HttpResponse["body"],
): Promise<void> {
  const collect = minorCollection();
  const take = async (chunk: Buffer) => {
    const { totalBytes, receivedBytes } = partial;
    if (totalBytes !== null && receivedBytes + chunk.length > totalBytes) {
      throw new HubError({
        code: "download-damaged",
        message: "The server sends more bytes than the file has.",
        reason: `The file has ${totalBytes} bytes.`,
        hint: "Run the same command again: it looks at the current version.",
      });
    }
    await partial.append(chunk);
    options.onBytes(chunk.length);
    collect(chunk.length);
  };
  for (const chunk of first) await take(chunk);
  for (;;) {
    const chunk = await nextChunk(chunks, options, body);
    if (chunk === null) break;
    await take(chunk);
  }
  if (partial.totalBytes === null || partial.receivedBytes === partial.totalBytes) return;
  throw new InterruptedTransfer("The server ended the file early.");
}

/** Waits for the next bytes; null at the end. */
async function nextChunk(
  chunks: AsyncIterator<Buffer>,
  { signal, stallMilliseconds }: TransferOptions,
  body: HttpResponse["body"],
): Promise<Buffer | null> {
  const timer = setTimeout(() => body.destroy(new Error("No data arrived in time.")), stallMilliseconds);
  try {
    const { done, value } = await chunks.next();
    return done ? null : value;
  } catch (cause) {
    signal?.throwIfAborted();
    throw new InterruptedTransfer(cause instanceof Error ? cause.message : String(cause), { cause });
  } finally {
    clearTimeout(timer);
  }
}
