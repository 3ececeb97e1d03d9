import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  promises,
  readdirSync,
  readSync,
  type Stats,
  statSync,
} from "node:fs";
import type { FileHandle } from "node:fs/promises";
import os from "node:os";
import { dirname } from "node:path";
import { DEFAULT_MAX_READ_BYTES, type Machine } from "./machine.js";
import { MachineReadError } from "./machine-read-error.js";

/** Most entries of a folder. System32 of Windows, the largest folder that is listed, has about 5,000. */
const MAX_DIRECTORY_ENTRIES = 16_384;
/** Size of the first read of a file: almost all files that are read are smaller. */
const FIRST_READ_BYTES = 4096;
/** Entries per batch when listing a folder: enough for a folder of /sys. */
const DIRECTORY_BATCH_ENTRIES = 256;
const TOOL_TIMEOUT_MS = 2_000;
const FORBIDDEN = new Set(["EACCES", "EPERM", "EROFS"]);
/** Windows has no O_NONBLOCK flag, and no files that need it. */
const OPEN_WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Matches files that are read synchronously: small ones in kernel memory, some of which are read several times a
 * second. Such a read takes 0.02 ms; handing it to another thread, as for all other files, costs seven times as much.
 * Files whose read can wait for a sensor, a disk or another process do not match.
 */
const READ_AT_ONCE =
  /^\/(proc\/(?!\d)|sys\/(fs\/cgroup|devices\/system\/cpu|class\/(dmi|drm|accel|devfreq)|bus\/usb)\/)/;

/**
 * Matches folders that are listed synchronously: kernel folders are in memory, even if reading their files can wait.
 */
const LIST_AT_ONCE = /^\/(proc\/(?!\d)|sys\/)/;

/** The computer that runs this process. */
export class LocalMachine implements Machine {
  get platform(): string {
    return os.platform();
  }

  get machineType(): string {
    return os.machine();
  }

  get environment(): Readonly<Record<string, string | undefined>> {
    return process.env;
  }

  get totalMemoryBytes(): number {
    return os.totalmem();
  }

  get availableMemoryBytes(): number {
    return os.freemem();
  }

  get cpuCount(): number {
    return os.availableParallelism();
  }

  async readText(path: string, maxBytes: number = DEFAULT_MAX_READ_BYTES): Promise<string> {
    try {
      return READ_AT_ONCE.test(path) ? readAtOnce(path, maxBytes) : await readInBackground(path, maxBytes);
    } catch (error) {
      throw readError(path, error);
    }
  }

  async listDirectory(path: string): Promise<string[]> {
    try {
      if (LIST_AT_ONCE.test(path)) return readdirSync(path).slice(0, MAX_DIRECTORY_ENTRIES).sort();
      const names: string[] = [];
      for await (const entry of await promises.opendir(path, { bufferSize: DIRECTORY_BATCH_ENTRIES })) {
        names.push(entry.name);
        if (names.length === MAX_DIRECTORY_ENTRIES) break;
      }
      return names.sort();
    } catch (error) {
      throw readError(path, error);
    }
  }

  async readFreeBytes(path: string): Promise<number> {
    try {
      const { bavail, bsize } = await promises.statfs(path);
      return bavail * bsize;
    } catch (error) {
      throw readError(path, error);
    }
  }

  async runTool(name: string, args: readonly string[]): Promise<string> {
    // Loaded on demand: a profile usually starts no process.
    const { execFile } = await import("node:child_process");
    const options = {
      timeout: TOOL_TIMEOUT_MS,
      killSignal: "SIGKILL" as const,
      maxBuffer: DEFAULT_MAX_READ_BYTES,
      windowsHide: true,
      env: { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot, LC_ALL: "C" },
    };
    return new Promise((resolve, reject) => {
      execFile(name, [...args], options, (error, stdout) => {
        if (error === null) return resolve(stdout);
        reject(
          new MachineReadError(name, error.killed ? "ETIMEDOUT" : error.code === "ENOENT" ? "ENOENT" : "EIO", error),
        );
      });
    });
  }

  async exists(path: string): Promise<boolean> {
    try {
      await promises.access(path);
      return true;
    } catch {
      return false;
    }
  }

  async mayOpen(path: string): Promise<boolean | null> {
    try {
      await promises.access(path, constants.R_OK | constants.W_OK);
      return true;
    } catch (error) {
      return FORBIDDEN.has(readError(path, error).errno) ? false : null;
    }
  }
}

async function readInBackground(path: string, maxBytes: number): Promise<string> {
  // Checked before opening, because opening a device can trigger it: a watchdog starts to count.
  requireRegularFile(path, await promises.stat(path));
  const file = await promises.open(path, OPEN_WITHOUT_WAITING);
  try {
    // Checked again, because the path can point to another file by now.
    requireRegularFile(path, await file.stat());
    return await readStart(file, maxBytes);
  } finally {
    await file.close();
  }
}

/** Reads to the end or the limit, ignoring the stated size: for files of /proc and /sys it is 0 or a page. */
async function readStart(file: FileHandle, maxBytes: number): Promise<string> {
  let bytes: Buffer = Buffer.allocUnsafe(Math.min(maxBytes, FIRST_READ_BYTES));
  let filledBytes = 0;
  while (filledBytes < maxBytes) {
    bytes = withRoom(bytes, filledBytes, maxBytes);
    const { bytesRead } = await file.read(bytes, filledBytes, bytes.length - filledBytes, null);
    if (bytesRead === 0) break;
    filledBytes += bytesRead;
  }
  return bytes.toString("utf8", 0, filledBytes);
}

/** Buffer shared by all synchronous reads: one ends before the next begins. */
let firstBytes: Buffer | undefined;

/** Does the same synchronously. */
function readAtOnce(path: string, maxBytes: number): string {
  // Most of these files do not exist, and creating an error for each would take longer than the check.
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw new MachineReadError(path, isBelowFile(path) ? "ENOTDIR" : "ENOENT");
  requireRegularFile(path, status);
  const file = openSync(path, OPEN_WITHOUT_WAITING);
  try {
    requireRegularFile(path, fstatSync(file));
    firstBytes ??= Buffer.allocUnsafe(FIRST_READ_BYTES);
    let bytes: Buffer = firstBytes.subarray(0, maxBytes);
    let filledBytes = 0;
    while (filledBytes < maxBytes) {
      bytes = withRoom(bytes, filledBytes, maxBytes);
      const bytesRead = readSync(file, bytes, filledBytes, bytes.length - filledBytes, null);
      if (bytesRead === 0) break;
      filledBytes += bytesRead;
    }
    return bytes.toString("utf8", 0, filledBytes);
  } finally {
    closeSync(file);
  }
}

/** Whether a part of the path is a file. From Node 24 on, `throwIfNoEntry` hides this case as well. */
function isBelowFile(file: string): boolean {
  for (let parent = dirname(file); ; parent = dirname(parent)) {
    const status = statSync(parent, { throwIfNoEntry: false });
    if (status !== undefined) return !status.isDirectory();
    if (parent === dirname(parent)) return false;
  }
}

/** Returns a larger buffer with the same bytes, of at most `maxBytes`. */
function withRoom(bytes: Buffer, filledBytes: number, maxBytes: number): Buffer {
  if (filledBytes < bytes.length) return bytes;
  const larger = Buffer.allocUnsafe(Math.min(maxBytes, bytes.length * 2));
  bytes.copy(larger);
  return larger;
}

function requireRegularFile(path: string, status: Stats): void {
  if (status.isDirectory()) throw new MachineReadError(path, "EISDIR");
  if (!status.isFile()) throw new MachineReadError(path, "ENOTSUP");
}

function readError(path: string, error: unknown): MachineReadError {
  if (error instanceof MachineReadError) return error;
  const code = (error as { code?: unknown }).code;
  return new MachineReadError(path, typeof code === "string" ? code : "EIO", error);
}
