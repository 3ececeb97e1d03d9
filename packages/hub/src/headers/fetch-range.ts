import type { ByteRange } from "@nanoagent/optimizer";
import type { HttpClient, HttpResponse } from "../network/http-client.js";
import { refusalOf } from "../network/hub-errors.js";
import type { RemoteFile } from "../sources/remote-model.js";
import { type BodyOptions, BodyReader } from "./body-reader.js";

/** The way to the files of a source. */
export interface RemoteAccess extends BodyOptions {
  client: HttpClient;
}

/**
 * Requests a range of a file. Returns null if the server answers with something other than this range, or if the
 * connection breaks during the answer. Rejects with a `HubError` if the server does not answer, or answers with an error.
 */
export async function fetchRange(
  file: RemoteFile,
  { from, to }: ByteRange,
  access: RemoteAccess,
): Promise<Uint8Array | null> {
  const range = `bytes=${from}-${to - 1}`;
  const response = await access.client.request({ url: file.url, headers: { range }, signal: access.signal });
  const body = new BodyReader(response.body, access);
  try {
    if (response.status >= 400 && response.status !== 416) throw refusalOf(response, file.path);
    const found = response.status === 206 ? contentRange(response) : null;
    if (found?.from !== from || found.to !== to) return null;
    if (file.bytes !== null && found.total !== file.bytes) return null;
    return await readExactly(body, to - from);
  } finally {
    body.close();
  }
}

/** Range of a response with status 206. */
export interface ContentRange extends ByteRange {
  /** Size of the whole file; null if the server does not say it. */
  total: number | null;
}

/** Returns the range that a response contains; null if it does not say so. */
export function contentRange({ headers }: Pick<HttpResponse, "headers">): ContentRange | null {
  const [, from, last, total] =
    /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(headers["content-range"] ?? "") ?? [];
  if (from === undefined || last === undefined) return null;
  return { from: Number(from), to: Number(last) + 1, total: total === "*" ? null : Number(total) };
}

async function readExactly(body: BodyReader, bytes: number): Promise<Uint8Array | null> {
  const target = new Uint8Array(bytes);
  let filled = 0;
  while (filled < bytes) {
    const part = await body.nextUnlessLost();
    if (part === null || part.length > bytes - filled) return null;
    target.set(part, filled);
    filled += part.length;
  }
  return target;
}
