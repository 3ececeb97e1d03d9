import { writeSync } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { makeFolder } from "../../files/make-folder.js";

/** An open file. Positions are given with every call; there is no cursor. */
export interface JournalFile {
  /** Reads into the buffer; the bytes read, 0 at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** Writes what it can and says how much that was. It goes to the system's cache, so the program is not held up. */
  write(bytes: Uint8Array, position: number): number;
  /** Resolves when the data is on the device. */
  sync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** The journal's one door to the disk. Every method fails as the system call behind it does. */
export interface JournalFiles {
  /** `read` and `write` want the file to be there, `create` wants it not to be. */
  open(file: string, mode: "read" | "write" | "create"): Promise<JournalFile>;
  /** Names of the entries of a folder. */
  list(folder: string): Promise<string[]>;
  size(file: string): Promise<number>;
  /** Makes a folder, those above it included, and has them on the device. */
  makeFolder(folder: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(file: string): Promise<void>;
  /** Resolves when the folder's entries are on the device. */
  syncFolder(folder: string): Promise<void>;
}

const flags = { read: "r", write: "r+", create: "wx+" } as const;

/** The disk of this machine. Files are for their owner alone. */
export const localFiles: JournalFiles = {
  open: async (file, mode) => new LocalFile(await open(file, flags[mode], 0o600)),
  list: (folder) => readdir(folder),
  size: async (file) => (await stat(file)).size,
  async makeFolder(folder) {
    const first = await makeFolder(folder, 0o700);
    if (first === null) return;
    for (let made = folder; made.length >= first.length; made = path.dirname(made)) {
      await localFiles.syncFolder(path.dirname(made));
      if (made === path.dirname(made)) return;
    }
  },
  rename: (from, to) => rename(from, to),
  remove: (file) => rm(file, { force: true }),
  async syncFolder(folder) {
    // Windows has no such thing; its file system keeps the order by itself.
    if (process.platform === "win32") return;
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

/** Writes all bytes, in several calls where the system takes only a part at a time. */
export function writeAll(file: JournalFile, bytes: Uint8Array, position: number): void {
  for (let written = 0; written < bytes.length; ) {
    const count = file.write(bytes.subarray(written), position + written);
    if (count <= 0) throw Object.assign(new Error("EIO: nothing was written"), { code: "EIO" });
    written += count;
  }
}

class LocalFile implements JournalFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async read(buffer: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.read(buffer, 0, buffer.length, position)).bytesRead;
  }

  write(bytes: Uint8Array, position: number): number {
    return writeSync(this.#handle.fd, bytes, 0, bytes.length, position);
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  truncate(bytes: number): Promise<void> {
    return this.#handle.truncate(bytes);
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
