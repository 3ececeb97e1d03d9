import { type FileHandle, open, rename, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { isTaken } from "../caches/hub-cache.js";
import { makeFolder } from "../files/make-folder.js";
import { syncFolder } from "../files/replace-file.js";
import { TemporaryFile } from "./temporary-file.js";

/**
 * Files that get their final names only when all of them are complete. Until then they have temporary names in the same
 * folders, which `prune` knows and removes as soon as their process is gone.
 */
export class StagedFiles {
  readonly #files: { temporary: TemporaryFile; target: string }[] = [];
  /** Folders that did not exist, the outermost first. */
  readonly #folders: string[] = [];

  /** Creates a file that will be named `target`. Rejects like the system call. */
  async create(target: string): Promise<{ file: string; handle: FileHandle }> {
    const file = await this.reserve(target);
    return { file, handle: await open(file, "wx", 0o666) };
  }

  /** Returns the temporary name for `target`, in a folder that exists. */
  async reserve(target: string): Promise<string> {
    const folder = path.dirname(target);
    const missing: string[] = [];
    for (let name = folder; name !== path.dirname(name) && !(await isTaken(name)); name = path.dirname(name)) {
      missing.unshift(name);
    }
    this.#folders.push(...missing);
    await makeFolder(folder);
    const temporary = new TemporaryFile(target);
    this.#files.push({ temporary, target });
    await temporary.lock();
    return temporary.path;
  }

  /**
   * Gives all files their final names, or, if that fails, none. Existing files are replaced. Returns the names that are
   * new.
   */
  async place(): Promise<string[]> {
    const placed: string[] = [];
    try {
      for (const { temporary, target } of this.#files) {
        const isNew = !(await isTaken(target));
        await rename(temporary.path, target);
        if (isNew) placed.push(target);
      }
    } catch (error) {
      for (const target of placed) await rm(target, { force: true }).catch(() => {});
      throw error;
    }
    for (const { temporary } of this.#files) await temporary.remove();
    for (const folder of new Set(this.#files.map(({ target }) => path.dirname(target)))) await syncFolder(folder);
    this.#files.length = 0;
    this.#folders.length = 0;
    return placed;
  }

  /** Removes the files that were not placed, and the folders that were created for them. Never rejects. */
  async discard(): Promise<void> {
    for (const { temporary } of this.#files) await temporary.remove();
    for (const folder of this.#folders.reverse()) await rmdir(folder).catch(() => {});
    this.#files.length = 0;
    this.#folders.length = 0;
  }
}
