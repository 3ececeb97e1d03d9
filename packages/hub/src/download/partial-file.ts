import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { HubError } from "../hub-error.js";
import {
  BLOCK_BYTES,
  type ContentIdentity,
  formatBlockHash,
  formatListHeader,
  isNewerList,
  isSameContent,
  MAX_LIST_BYTES,
  parseBlockList,
} from "./block-list.js";
import { fileError } from "./file-errors.js";
import { openOwnFile } from "./open-own-file.js";

/** Size of the one buffer that blocks are collected and read in. */
const BUFFER_BYTES = 1024 * 1024;

/** Path of the contents of a download that is not finished. */
export function partialPath(target: string): string {
  return `${target}.nanoagent-part`;
}

/** Path of the hashes of finished blocks. */
export function blocksPath(target: string): string {
  return `${target}.nanoagent-blocks`;
}

/**
 * Contents of a download that is not finished, and the hashes of its blocks in a side file.
 *
 * - A block's hash is recorded after the block is on the disk.
 * - The SHA-256 of the whole is computed on the way, so that no byte is read twice.
 * - Rejects with a `HubError` that names the folder.
 */
export class PartialFile {
  readonly #target: string;
  readonly #file: FileHandle;
  readonly #blocks: FileHandle;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #identity: ContentIdentity | null = null;
  #whole: Hash = createHash("sha256");
  #block: Hash = createHash("sha256");
  /** Bytes in the buffer. */
  #filled = 0;
  /** Bytes in the file. */
  #written = 0;
  /** Position in the side file. */
  #listed = 0;

  private constructor(target: string, file: FileHandle, blocks: FileHandle) {
    this.#target = target;
    this.#file = file;
    this.#blocks = blocks;
  }

  static async open(target: string): Promise<PartialFile> {
    try {
      const file = await openOwnFile(partialPath(target));
      try {
        return new PartialFile(target, file, await openOwnFile(blocksPath(target)));
      } catch (error) {
        await file.close();
        throw error;
      }
    } catch (error) {
      throw fileError(error, target, null);
    }
  }

  /** Marks of the contents; null before the first byte. */
  get identity(): ContentIdentity | null {
    return this.#identity;
  }

  /** Size of the whole file; null while it is unknown. */
  get totalBytes(): number | null {
    return this.#identity?.bytes ?? null;
  }

  set totalBytes(bytes: number | null) {
    if (this.#identity !== null) this.#identity = { ...this.#identity, bytes };
  }

  /** Bytes that were received, from the first on. */
  get receivedBytes(): number {
    return this.#written + this.#filled;
  }

  /**
   * Keeps the longest part from the first byte on whose blocks have the recorded hashes, and drops the rest. Rejects with
   * `store-unusable`, and changes nothing, if a newer nanoagent began the download.
   */
  async resume(
    file: Omit<ContentIdentity, "validator">,
    onVerified: (bytes: number) => void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await this.#do(async () => {
      const text = await this.#readList();
      if (isNewerList(text)) throw this.#newer();
      const list = parseBlockList(text);
      const isResumed = list !== null && isSameContent(list.identity, file);
      if (isResumed) {
        const { size } = await this.#file.stat();
        const header = formatListHeader(list.identity);
        this.#identity = list.identity;
        this.#listed = Buffer.byteLength(header);
        for (const hash of list.hashes) {
          const bytes = Math.min(BLOCK_BYTES, (list.identity.bytes ?? Number.POSITIVE_INFINITY) - this.#written);
          if (bytes <= 0 || this.#written + bytes > size || !(await this.#verifyBlock(bytes, hash, signal))) break;
          onVerified(this.#written);
        }
      }
      if (this.#written === 0) this.#identity = null;
      await this.#file.truncate(this.#written);
      await this.#blocks.truncate(this.#identity === null ? 0 : this.#listed);
    }, signal);
  }

  /** Begins at the first byte. Earlier contents are dropped. */
  async begin(identity: ContentIdentity): Promise<void> {
    await this.#do(async () => {
      this.#identity = identity;
      this.#whole = createHash("sha256");
      this.#block = createHash("sha256");
      this.#filled = 0;
      this.#written = 0;
      await this.#file.truncate(0);
      await this.#blocks.truncate(0);
      const header = Buffer.from(formatListHeader(identity));
      await writeAll(this.#blocks, header, 0);
      this.#listed = header.length;
    });
  }

  /** Adds bytes at the end. Returns a promise only when they must be written first. */
  append(chunk: Buffer): Promise<void> | undefined {
    if (chunk.length < this.#room()) {
      chunk.copy(this.#buffer, this.#filled);
      this.#filled += chunk.length;
      return undefined;
    }
    return this.#do(async () => {
      for (let at = 0; at < chunk.length; ) {
        const bytes = Math.min(this.#room(), chunk.length - at);
        chunk.copy(this.#buffer, this.#filled, at, at + bytes);
        this.#filled += bytes;
        at += bytes;
        if (this.#room() === 0) await this.#flush();
      }
    });
  }

  /** Writes the rest to the disk, and returns the SHA-256 of the whole. */
  async finish(): Promise<string> {
    await this.#do(async () => {
      await this.#flush();
      if (this.#written % BLOCK_BYTES !== 0) await this.#recordBlock();
      await this.#file.sync();
    });
    return this.#whole.copy().digest("hex");
  }

  /** Gives the file its final name, and removes the side file. */
  async publish(): Promise<void> {
    await this.#do(async () => {
      await this.close();
      await rename(partialPath(this.#target), this.#target);
      await syncFolder(path.dirname(this.#target));
      await rm(blocksPath(this.#target), { force: true });
    });
  }

  /** Drops all contents. */
  async discard(): Promise<void> {
    await this.#do(async () => {
      await this.close();
      await rm(partialPath(this.#target), { force: true });
      await rm(blocksPath(this.#target), { force: true });
    });
  }

  async close(): Promise<void> {
    await this.#file.close();
    await this.#blocks.close();
  }

  /** Bytes that fit into the buffer. It ends where the block ends. */
  #room(): number {
    return Math.min(BUFFER_BYTES, BLOCK_BYTES - (this.#written % BLOCK_BYTES)) - this.#filled;
  }

  async #flush(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#filled);
    await writeAll(this.#file, bytes, this.#written);
    this.#whole.update(bytes);
    this.#block.update(bytes);
    this.#written += bytes.length;
    this.#filled = 0;
    if (bytes.length > 0 && this.#written % BLOCK_BYTES === 0) await this.#recordBlock();
  }

  async #recordBlock(): Promise<void> {
    await this.#file.datasync();
    const line = Buffer.from(formatBlockHash(this.#block.digest("hex")));
    this.#block = createHash("sha256");
    await writeAll(this.#blocks, line, this.#listed);
    this.#listed += line.length;
  }

  /** Reads the next block. One with the right hash belongs to the file from now on. */
  async #verifyBlock(bytes: number, expected: string, signal: AbortSignal | undefined): Promise<boolean> {
    const block = createHash("sha256");
    const whole = this.#whole.copy();
    for (let at = 0; at < bytes; ) {
      signal?.throwIfAborted();
      const length = Math.min(BUFFER_BYTES, bytes - at);
      const { bytesRead } = await this.#file.read(this.#buffer, 0, length, this.#written + at);
      if (bytesRead === 0) return false;
      const part = this.#buffer.subarray(0, bytesRead);
      block.update(part);
      whole.update(part);
      at += bytesRead;
    }
    if (block.digest("hex") !== expected) return false;
    this.#whole = whole;
    this.#written += bytes;
    this.#listed += formatBlockHash(expected).length;
    return true;
  }

  async #readList(): Promise<string> {
    const { size } = await this.#blocks.stat();
    if (size > MAX_LIST_BYTES) return "";
    const buffer = Buffer.alloc(size);
    const { bytesRead } = await this.#blocks.read(buffer, 0, size, 0);
    return buffer.toString("latin1", 0, bytesRead);
  }

  #newer(): HubError {
    const [part, blocks] = [partialPath(this.#target), blocksPath(this.#target)];
    return new HubError({
      code: "store-unusable",
      message: `A newer nanoagent began the download of ${part}. It was not changed.`,
      reason: "This version cannot tell which part of it is complete.",
      hint: `Finish it with that version. To begin again, delete ${part} and ${blocks}.`,
    });
  }

  async #do(work: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    try {
      await work();
    } catch (error) {
      signal?.throwIfAborted();
      const missing = this.totalBytes === null ? null : Math.max(0, this.totalBytes - this.#written);
      throw fileError(error, this.#target, missing);
    }
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

/** Writes a folder's entries to the disk, where the platform can. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
