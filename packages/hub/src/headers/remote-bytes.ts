import { type ByteSource, InvalidModelFileError, MAX_HEADER_BYTES } from "@nanoagent/optimizer";
import { HubError } from "../hub-error.js";
import { connectionError } from "../network/connection-errors.js";
import type { HttpResponse } from "../network/http-client.js";
import { refusalOf } from "../network/hub-errors.js";
import type { RemoteFile } from "../sources/remote-model.js";
import { BodyReader } from "./body-reader.js";
import { contentRange, fetchRange, type RemoteAccess } from "./fetch-range.js";

/** Bytes from the beginning that stay readable: format readers look at them twice. */
const KEPT_BYTES = 4096;

/** Largest gap that is received and dropped. The largest real one is 1 MB, a score for each of 262,144 tokens. */
const MAX_GAP_BYTES = 8 * 2 ** 20;

/** Most bytes that are received, with the part of the data that follows the header in a window. */
const MAX_STREAMED_BYTES = MAX_HEADER_BYTES + MAX_GAP_BYTES;

/** Most reads by a request of their own. A reader looks at three places behind the last tensor. */
const MAX_APART_READS = 4;

/** Length of a file whose size is unknown: no file is longer. */
const UNKNOWN_LENGTH = 2 ** 50;

/** Number of times that a lost connection is opened again. */
const MAX_RESUMES = 3;

/**
 * The beginning of a file at a source, received by one request while it is read. Holds at most 0.3 MB.
 *
 * - Reads go forward. Skipped bytes are received and dropped. The first 4 KB, and the bytes of the last read, can be read
 *   again.
 * - A read that is far ahead, or back, is a request for its range alone: a reader of headers looks at some bytes behind
 *   the last tensor. It finds nothing there if the server has no ranges.
 * - A lost connection is opened again at the same place, three times at most.
 * - A file of another size than `file.bytes` has the size that the server says.
 * - A file without a stated size has a length that no file reaches, so that reads end where it ends.
 */
export class RemoteBytes implements ByteSource {
  readonly length: number;
  /** Whether the server or the source states the length. */
  readonly isLengthKnown: boolean;
  readonly #file: RemoteFile;
  readonly #path: string;
  readonly #access: RemoteAccess;
  readonly #setting: HttpResponse["setting"];
  #body: BodyReader;
  /** Offset of the next byte of the body. */
  #position = 0;
  /** Received bytes at that offset. */
  #rest: Uint8Array = new Uint8Array();
  /** Bytes to come that were received before. */
  #repeatedBytes = 0;
  #hasEnded = false;
  readonly #start = new Uint8Array(KEPT_BYTES);
  #last = { offset: 0, bytes: new Uint8Array() };
  #apartReads = 0;
  #resumes = 0;

  /** Sends the request. `path` names the file in errors. Rejects with a `HubError` if the source refuses it. */
  static async open(file: RemoteFile, path: string, access: RemoteAccess): Promise<RemoteBytes> {
    const response = await access.client.request({ url: file.url, signal: access.signal });
    const body = new BodyReader(response.body, access);
    try {
      if (response.status !== 200) throw refusalOf(response, file.path);
      return new RemoteBytes(file, path, access, response, body);
    } catch (error) {
      body.close();
      throw error;
    }
  }

  private constructor(file: RemoteFile, path: string, access: RemoteAccess, response: HttpResponse, body: BodyReader) {
    const length = bytesOf(response) ?? file.bytes;
    this.#file = file;
    this.#path = path;
    this.#access = access;
    this.#body = body;
    this.#setting = response.setting;
    this.length = length ?? UNKNOWN_LENGTH;
    this.isLengthKnown = length !== null;
  }

  /** Whether the file ended before its stated size. */
  get isShort(): boolean {
    return this.isLengthKnown && this.#hasEnded && this.#position < this.length;
  }

  async read(offset: number, target: Uint8Array): Promise<number> {
    const wanted = target.subarray(0, Math.max(0, Math.min(target.length, this.length - offset)));
    if (wanted.length === 0) return 0;
    const kept = this.#keptBytes(offset, wanted.length);
    wanted.set(kept);
    const at = offset + kept.length;
    const rest = wanted.subarray(kept.length);
    if (rest.length === 0) return kept.length;
    if (at < this.#position || at - this.#position > MAX_GAP_BYTES) {
      return kept.length + (await this.#readApart(at, rest));
    }
    if (at + rest.length > MAX_STREAMED_BYTES) this.#failTooFar(at);
    await this.#receive(at - this.#position, null);
    const filled = await this.#receive(rest.length, rest);
    this.#last = { offset, bytes: wanted.slice(0, kept.length + filled) };
    return kept.length + filled;
  }

  /** Closes the connection. */
  close(): void {
    this.#body.close();
  }

  /** Returns the bytes from an offset on that are still at hand. */
  #keptBytes(offset: number, most: number): Uint8Array {
    const kept = [this.#last, { offset: 0, bytes: this.#start.subarray(0, this.#position) }];
    const found = kept.find((part) => part.offset <= offset && offset < part.offset + part.bytes.length);
    return found?.bytes.subarray(offset - found.offset, offset - found.offset + most) ?? new Uint8Array();
  }

  /** Receives bytes into a target, or drops them. Returns their number, which is smaller only at the end of the file. */
  async #receive(bytes: number, target: Uint8Array | null): Promise<number> {
    let received = 0;
    while (received < bytes) {
      if (this.#rest.length === 0) {
        const part = await this.#nextPart();
        if (part === null) break;
        this.#rest = part;
      }
      const part = this.#rest.subarray(0, bytes - received);
      target?.set(part, received);
      if (this.#position < KEPT_BYTES) {
        this.#start.set(part.subarray(0, KEPT_BYTES - this.#position), this.#position);
      }
      received += part.length;
      this.#position += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return received;
  }

  async #nextPart(): Promise<Uint8Array | null> {
    while (!this.#hasEnded) {
      try {
        const part = await this.#body.next();
        if (part === null) {
          this.#hasEnded = true;
          break;
        }
        const repeated = Math.min(part.length, this.#repeatedBytes);
        this.#repeatedBytes -= repeated;
        if (part.length > repeated) return part.subarray(repeated);
      } catch (cause) {
        this.#access.signal?.throwIfAborted();
        if (this.#resumes >= MAX_RESUMES)
          throw connectionError(cause, new URL(this.#file.url), { setting: this.#setting });
        this.#resumes++;
        await this.#resume();
      }
    }
    return null;
  }

  /** Requests the rest of the file. A server without ranges sends it from the beginning. */
  async #resume(): Promise<void> {
    this.#body.close();
    const { client, signal } = this.#access;
    const headers = { range: `bytes=${this.#position}-` };
    const response = await client.request({ url: this.#file.url, headers, signal });
    this.#body = new BodyReader(response.body, this.#access);
    const isWhole = response.status === 200;
    const found = response.status === 206 ? contentRange(response) : null;
    if (!isWhole && found?.from !== this.#position) throw refusalOf(response, this.#file.path);
    const total = isWhole ? bytesOf(response) : (found?.total ?? null);
    if (this.isLengthKnown && total !== null && total !== this.length)
      throw changedSize(this.#file, total, this.length);
    this.#repeatedBytes = isWhole ? this.#position : 0;
  }

  async #readApart(offset: number, target: Uint8Array): Promise<number> {
    if (++this.#apartReads > MAX_APART_READS) this.#failTooFar(offset);
    const range = { from: offset, to: offset + target.length };
    const bytes = await fetchRange(
      { ...this.#file, bytes: this.isLengthKnown ? this.length : null },
      range,
      this.#access,
    );
    if (bytes === null) return 0;
    target.set(bytes);
    return bytes.length;
  }

  #failTooFar(offset: number): never {
    throw new InvalidModelFileError({
      path: this.#path,
      field: "the file",
      offset,
      problem: `has a header of more than ${MAX_HEADER_BYTES} bytes`,
      hint: "Use another file of this model.",
    });
  }
}

/** Size of the whole body; null if the server does not say it. */
function bytesOf({ headers }: Pick<HttpResponse, "headers">): number | null {
  const length = headers["content-length"];
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : null;
}

/** Returns the error for a file that has another size than before, or than the source lists. */
export function changedSize(file: RemoteFile, found: number | null, expected: number): HubError {
  return new HubError({
    code: "download-damaged",
    message: `${file.path} does not have the size that was stated.`,
    reason: `It has ${found ?? "an unknown number of"} bytes instead of ${expected}.`,
    hint: "Try again. If you use a mirror or a proxy, check that it serves this file.",
  });
}
