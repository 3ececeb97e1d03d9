import { constants, writeSync } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { makeFolder } from "../../files/make-folder.js";

/** An open file without a cursor. Every call passes the position. */
export interface JournalFile {
  /** Reads into the buffer. Returns the number of bytes, or 0 at the end of the file. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** Writes to the system's cache, which does not block for long. Returns the number of bytes, possibly fewer. */
  write(bytes: Uint8Array, position: number): number;
  /** Resolves when the data is on the device. */
  sync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  size(): Promise<number>;
  /**
   * Whether the file still has its name and this length, so no program removed, moved, replaced, cut or extended it.
   */
  isWhole(bytes: number): Promise<boolean>;
  close(): Promise<void>;
}

/** Disk access of the journal. Every method fails like its system call. */
export interface JournalFiles {
  /** Opens a file. `read` and `write` fail when the file is missing, `create` when it exists. */
  open(file: string, mode: "read" | "write" | "create"): Promise<JournalFile>;
  /** Lists the names of a folder's entries. */
  list(folder: string): Promise<string[]>;
  size(file: string): Promise<number>;
  /** Creates a folder and its parents. They are on the device when this resolves. */
  makeFolder(folder: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(file: string): Promise<void>;
  /** Resolves when the folder's entries are on the device. */
  syncFolder(folder: string): Promise<void>;
}

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NONBLOCK = 0 } = constants;
const flags = { read: O_RDONLY, write: O_RDWR, create: O_RDWR | O_CREAT | O_EXCL };

/** The disk of this machine. Only the owner can read the files. */
export const localFiles: JournalFiles = {
  async open(file, mode) {
    // Opening a named pipe would block until something writes to it.
    const handle = await open(file, flags[mode] | O_NONBLOCK, 0o600);
    if ((await handle.stat()).isFile()) return new LocalFile(file, handle);
    await handle.close();
    throw Object.assign(new Error(`EINVAL: ${file} is not a file`), { code: "EINVAL" });
  },
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
    // Windows cannot sync a folder; its file system keeps the order of changes.
    if (process.platform === "win32") return;
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

/** Writes all bytes, in several calls if the system accepts only a part at a time. */
export function writeAll(file: JournalFile, bytes: Uint8Array, position: number): void {
  for (let written = 0; written < bytes.length; ) {
    const count = file.write(bytes.subarray(written), position + written);
    if (count <= 0) throw Object.assign(new Error("EIO: nothing was written"), { code: "EIO" });
    written += count;
  }
}

class LocalFile implements JournalFile {
  readonly #path: string;
  readonly #handle: FileHandle;

  constructor(file: string, handle: FileHandle) {
    this.#path = file;
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

  async isWhole(bytes: number): Promise<boolean> {
    try {
      const [named, own] = await Promise.all([stat(this.#path), this.#handle.stat()]);
      return named.ino === own.ino && own.size === bytes;
    } catch {
      return false;
    }
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
