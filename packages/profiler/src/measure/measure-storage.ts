import { randomBytes } from "node:crypto";
import { constants, promises } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import { BYTES_PER_MB, type MeasuredRate } from "@nanoagent/models";
import { rateOf } from "./rate-of.js";
import { WASM_PAGE_BYTES, webAssembly } from "./web-assembly.js";

export interface MeasureStorageOptions {
  seconds: number;
  signal?: AbortSignal | undefined;
}

export interface StorageTiming {
  /** Bytes per second; null if storage could not be measured. */
  rate: MeasuredRate | null;
  /** A sentence about the measured file, or the reason why nothing was measured. */
  notice: string;
}

/** Size of one read, several times the read-ahead of the system. */
const READ_BYTES = 4 * BYTES_PER_MB;
const SAMPLES = 8;
const MIN_SAMPLES = 3;
/** Smallest file to read. Smaller ones may be served by the drive's buffer. */
const MIN_BYTES = 8 * BYTES_PER_MB;
const MAX_WRITTEN_BYTES = 64 * BYTES_PER_MB;
/** Largest share of the free space to write. */
const SHARE_OF_FREE = 1 / 10;
/** File systems that keep files in memory. Source: Linux, include/uapi/linux/magic.h. */
const IN_MEMORY = new Map([
  [0x01021994, "tmpfs"],
  [0x858458f6, "ramfs"],
]);

/**
 * Measures how fast files at this path are read sequentially, with large reads that bypass the system's cache.
 *
 * A file is read in place. In a folder, an unnamed file of at most 64 MB and a tenth of the free space is written
 * first; it always disappears at the end. If the cache cannot be bypassed (systems other than Linux, file systems in
 * memory), nothing is measured, because the figure would be that of the memory. Rejects only with the signal's reason.
 */
export async function measureStorage(
  storagePath: string,
  { seconds, signal }: MeasureStorageOptions,
): Promise<StorageTiming> {
  signal?.throwIfAborted();
  const target = path.resolve(storagePath);
  if (constants.O_DIRECT === undefined) return unmeasured("this system cannot bypass its cache");
  try {
    const fileSystem = IN_MEMORY.get((await promises.statfs(target)).type);
    if (fileSystem !== undefined) return unmeasured(`${target} is in memory (${fileSystem})`);
    const status = await promises.stat(target);
    if (status.isFile()) return await readExisting(target, { seconds, signal });
    if (status.isDirectory()) return await readWritten(target, { seconds, signal });
    return unmeasured(`${target} is neither a file nor a folder`);
  } catch (error) {
    signal?.throwIfAborted();
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EINVAL") return unmeasured(`the file system of ${target} cannot bypass the cache`);
    return unmeasured(`${target} cannot be used (${code ?? String(error)})`);
  }
}

async function readExisting(target: string, options: MeasureStorageOptions): Promise<StorageTiming> {
  const file = await promises.open(target, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_DIRECT);
  try {
    const status = await file.stat();
    // The last part is left out, because reading it would be a short read.
    const bytes = Math.floor(status.size / READ_BYTES) * READ_BYTES;
    if (!status.isFile() || bytes < MIN_BYTES)
      return unmeasured(`${target} is smaller than ${MIN_BYTES / BYTES_PER_MB} MB`);
    return { rate: await timeReads(file, bytes, options), notice: `Storage was read without the cache: ${target}.` };
  } finally {
    await file.close();
  }
}

async function readWritten(folder: string, options: MeasureStorageOptions): Promise<StorageTiming> {
  const { bavail, bsize } = await promises.statfs(folder);
  const mostBytes = Math.min(MAX_WRITTEN_BYTES, bavail * bsize * SHARE_OF_FREE);
  if (mostBytes < MIN_BYTES) return unmeasured(`${folder} has too little free space for a test file`);
  const target = path.join(folder, `.nanoagent-${process.pid}-${randomBytes(6).toString("hex")}`);
  const { O_RDWR, O_CREAT, O_EXCL, O_DIRECT } = constants;
  let file: FileHandle;
  try {
    file = await promises.open(target, O_RDWR | O_CREAT | O_EXCL | O_DIRECT, 0o600);
  } finally {
    // Without a name it cannot be left behind. A system that refuses to open it may still have created it.
    await promises.rm(target, { force: true });
  }
  try {
    const bytes = await writeNoise(file, mostBytes, options);
    const rate = await timeReads(file, bytes, options);
    return {
      rate,
      notice: `Storage was read without the cache: a test file of ${Math.floor(bytes / BYTES_PER_MB)} MB in ${folder}.`,
    };
  } finally {
    await file.close();
  }
}

/** Writes incompressible bytes. Stops early on a slow drive, but not before {@link MIN_BYTES}. */
async function writeNoise(
  file: FileHandle,
  mostBytes: number,
  { seconds, signal }: MeasureStorageOptions,
): Promise<number> {
  const buffer = alignedBuffer();
  const until = performance.now() + seconds * 1000;
  let bytes = 0;
  while (bytes + READ_BYTES <= mostBytes && (bytes < MIN_BYTES || performance.now() < until)) {
    signal?.throwIfAborted();
    for (let at = 0; at < READ_BYTES; at += BYTES_PER_MB) randomBytes(BYTES_PER_MB).copy(buffer, at);
    bytes += (await file.write(buffer, 0, READ_BYTES, bytes)).bytesWritten;
  }
  await file.datasync();
  return bytes;
}

async function timeReads(
  file: FileHandle,
  bytes: number,
  { seconds, signal }: MeasureStorageOptions,
): Promise<MeasuredRate> {
  const buffer = alignedBuffer();
  const rates: number[] = [];
  const end = performance.now() + seconds * 1000;
  let position = 0;
  while (performance.now() < end || rates.length < MIN_SAMPLES) {
    const start = performance.now();
    let readBytes = 0;
    let milliseconds = 0;
    do {
      signal?.throwIfAborted();
      readBytes += (await file.read(buffer, 0, READ_BYTES, position)).bytesRead;
      position = position + 2 * READ_BYTES <= bytes ? position + READ_BYTES : 0;
      milliseconds = performance.now() - start;
    } while (milliseconds < (seconds * 1000) / SAMPLES);
    rates.push((readBytes / milliseconds) * 1000);
  }
  return rateOf(rates);
}

/** Returns a page-aligned buffer, as reads that bypass the cache require. */
function alignedBuffer(): Buffer {
  return Buffer.from(new webAssembly.Memory({ initial: READ_BYTES / WASM_PAGE_BYTES }).buffer);
}

function unmeasured(reason: string): StorageTiming {
  return { rate: null, notice: `Storage was not measured: ${reason}.` };
}
