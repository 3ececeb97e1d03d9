import { constants } from "node:fs";
import { lstat, open, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { Log } from "../log/log-entry.js";
import { emptyContent, type IndexContent, isConversationId, readContent, writeContent } from "./index-content.js";

const FILE = "page.json";
/** Largest file that is read: 1 MB of messages, 64 conversations, and 96 turns with errors. */
const MAX_FILE_BYTES = 3 * 1024 * 1024;
const NOT_SAVED = "After a restart, it is made from their folders, and messages without a reply are lost.";
/** Files of a folder in which no turn was kept. */
const LOCK_FILE = /^lock-[0-9a-f]{16}\.(?:socket|claim)(?:\.new)?$/;

/**
 * The list of the page's conversations below a session folder: the file `page.json`, with the messages that no
 * conversation has kept. For the rest, it only saves reading: what it lacks is in the folders of the conversations.
 *
 * - A missing or damaged file is empty, and is written again. A folder in its place is moved away.
 * - A file of a newer format, and one that cannot be read, is left as it is. Then nothing is written.
 * - A write replaces the whole file, or leaves the old one.
 */
export class PageIndex {
  readonly #dir: string;
  readonly #log: Log;
  #isWritable = true;
  #next: IndexContent | null = null;
  #writing: Promise<void> | null = null;

  constructor(dir: string, log: Log) {
    this.#dir = dir;
    this.#log = log;
  }

  /** Returns the content of the file. Never rejects. */
  async read(): Promise<IndexContent> {
    let text: string | null;
    try {
      text = await readText(path.join(this.#dir, FILE));
    } catch (error) {
      this.#refuse(`It cannot be read (${codeOf(error)}).`, "Let the user of the service read it, or delete it.");
      return emptyContent;
    }
    if (text === null) return emptyContent;
    const content = readContent(text);
    if (typeof content === "object") return content;
    if (content === "newer") {
      this.#refuse("It was written by a newer version of nanoagent.", "Update nanoagent, or move the file away.");
    } else this.#warn("page-index-damaged", "The list of the page's conversations is damaged. It is made again.");
    return emptyContent;
  }

  /** Names of the folders of the page's conversations, the one that was changed last first. Never rejects. */
  async listFolders(): Promise<string[]> {
    const entries = await readdir(this.#dir, { withFileTypes: true }).catch(() => []);
    const folders = entries.filter((entry) => entry.isDirectory() && isConversationId(entry.name));
    const changed = folders.map(async ({ name }) => {
      const status = await stat(this.folderOf(name)).catch(() => null);
      return { name, changedAt: status?.mtimeMs ?? 0 };
    });
    const newestFirst = (await Promise.all(changed)).toSorted((one, other) => other.changedAt - one.changedAt);
    return newestFirst.map(({ name }) => name);
  }

  folderOf(id: string): string {
    return path.join(this.#dir, id);
  }

  /** Writes the list. Of several that come while one is written, the last is written. Never rejects. */
  write(content: IndexContent): Promise<void> {
    if (!this.#isWritable) return Promise.resolve();
    this.#next = content;
    this.#writing ??= this.#writeAll();
    return this.#writing;
  }

  /** Whether a folder has nothing but a lock: no turn of its conversation was kept. Never rejects. */
  async isLeftover(id: string): Promise<boolean> {
    const names = await readdir(this.folderOf(id)).catch(() => []);
    return names.length > 0 && names.every((name) => LOCK_FILE.test(name));
  }

  /** Resolves when nothing is to be written. */
  async whenWritten(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    for (let content = this.#next; content !== null; content = this.#next) {
      this.#next = null;
      try {
        await this.#replace(writeContent(content));
      } catch (error) {
        const reason = `The list of the page's conversations cannot be written (${codeOf(error)}).`;
        this.#warn("page-index-not-saved", `${reason} ${NOT_SAVED}`);
      }
    }
    this.#writing = null;
  }

  async #replace(text: string): Promise<void> {
    const file = path.join(this.#dir, FILE);
    const temporary = `${file}.new`;
    // Left by a program that ended, a link to somewhere else, or a folder.
    await rm(temporary, { force: true, recursive: true });
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await this.#moveFolderAway(file);
    await rename(temporary, file);
    await syncFolder(this.#dir);
  }

  /** A folder in the place of the file cannot be replaced, and may have files of somebody. */
  async #moveFolderAway(file: string): Promise<void> {
    const status = await lstat(file).catch(() => null);
    if (status === null || !status.isDirectory()) return;
    const moved = `${file}.damaged-${Date.now()}`;
    await rename(file, moved);
    this.#warn(
      "page-index-damaged",
      `A folder was in the place of the list of the page's conversations. It is ${moved} now.`,
    );
  }

  #refuse(reason: string, hint: string): void {
    this.#isWritable = false;
    const message = `The page shows no conversations of before this start: ${path.join(this.#dir, FILE)} is not used.`;
    this.#log({ level: "warn", event: "page-index-unusable", message: `${message} ${reason}`, hint });
  }

  #warn(event: string, message: string): void {
    this.#log({ level: "warn", event, message, file: path.join(this.#dir, FILE) });
  }

  /** Whether the list may be used: otherwise the folders are not shown, either. */
  get isUsable(): boolean {
    return this.#isWritable;
  }
}

/** Returns null for a file that does not exist, and an empty text for one that is too large or not a regular file. */
async function readText(file: string): Promise<string | null> {
  // Opening a pipe would wait for a writer. Windows has no such flag.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  });
  if (handle === null) return null;
  try {
    const status = await handle.stat();
    if (!status.isFile() || status.size > MAX_FILE_BYTES) return "";
    const bytes = new Uint8Array(status.size);
    const { bytesRead } = await handle.read(bytes, 0, status.size, 0);
    return new TextDecoder().decode(bytes.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

/** Makes a rename last through a loss of power. Some systems do not allow it. */
async function syncFolder(dir: string): Promise<void> {
  const handle = await open(dir, "r").catch(() => null);
  if (handle === null) return;
  try {
    await handle.sync();
  } catch {
    // The file system has no such operation.
  } finally {
    await handle.close();
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | null)?.code ?? "unknown error";
}
