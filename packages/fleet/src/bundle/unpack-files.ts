import { constants } from "node:fs";
import { chmod, type FileHandle, mkdir, open } from "node:fs/promises";
import path from "node:path";
import type { BundleFile, BundleHead } from "./bundle-manifest.js";
import { type ContentSink, readContents } from "./read-contents.js";
import { syncFolder } from "./sync-folder.js";
import { writeBytes } from "./write-bytes.js";

const FOLDER_MODE = 0o755;
/** Neither an existing file nor a link is ever opened. */
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/**
 * Writes the files of a bundle into a new folder, and compares sizes and hashes. Files and folders are synced to disk, and have the
 * modes of the manifest, whatever the umask is. Throws `FleetError` (`bundle-malformed`), or the system's error where the folder
 * exists or cannot be written; the folder then stays as far as it got.
 */
export async function unpackFiles(
  file: FileHandle,
  head: BundleHead,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  const sink = new FolderSink(folder);
  try {
    await sink.makeFolder("");
    await readContents(file, head, { sink, signal });
    await sink.syncFolders();
  } finally {
    await sink.close();
  }
}

/** Writes files below a new folder. */
class FolderSink implements ContentSink {
  readonly #root: string;
  /** Folders that exist, each after those that contain it. */
  readonly #folders = new Set<string>();
  #open: FileHandle | null = null;

  constructor(root: string) {
    this.#root = root;
  }

  async begin({ path: name }: BundleFile): Promise<void> {
    const folders = name.split("/").slice(0, -1);
    for (let depth = 1; depth <= folders.length; depth += 1) await this.makeFolder(folders.slice(0, depth).join("/"));
    this.#open = await open(path.join(this.#root, name), NEW_FILE, 0o600);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#open !== null) await writeBytes(this.#open, bytes);
  }

  async end({ mode }: BundleFile): Promise<void> {
    await this.#open?.chmod(mode);
    await this.#open?.sync();
    await this.close();
  }

  async close(): Promise<void> {
    const file = this.#open;
    this.#open = null;
    await file?.close();
  }

  async makeFolder(name: string): Promise<void> {
    if (this.#folders.has(name)) return;
    const folder = path.join(this.#root, name);
    await mkdir(folder);
    this.#folders.add(name);
    await chmod(folder, FOLDER_MODE);
  }

  async syncFolders(): Promise<void> {
    for (const name of [...this.#folders].reverse()) await syncFolder(path.join(this.#root, name));
  }
}
