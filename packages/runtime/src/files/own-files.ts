import { constants, type Stats } from "node:fs";
import { lstat, mkdir, open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { randomName } from "./random-name.js";

/** Mode bits that give others write access. */
const WRITABLE_BY_OTHERS = 0o022;
const WRITABLE_BY_ALL = 0o002;
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

/**
 * Creates the nested folders `names` below a folder that others may write to. Returns the innermost. Returns null if
 * one of them is a link, belongs to another user or is writable by others, because its content cannot be trusted. Never
 * rejects.
 */
export async function makeOwnFolder(base: string, names: readonly string[]): Promise<string | null> {
  let folder = base;
  for (const name of names) {
    folder = path.join(folder, name);
    try {
      await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EEXIST") throw error;
      });
      const status = await lstat(folder);
      if (!status.isDirectory() || !isOwn(status)) return null;
    } catch {
      return null;
    }
  }
  return folder;
}

/** Whether a file or folder belongs to this user and only this user can write to it. Windows has no such modes. */
export function isOwn({ uid, mode }: Pick<Stats, "uid" | "mode">): boolean {
  if (process.geteuid === undefined) return true;
  return uid === process.geteuid() && (mode & WRITABLE_BY_OTHERS) === 0;
}

/** Whether every user of the machine can write to a folder. Windows has no such modes. Never rejects. */
export async function isOpenToAll(folder: string): Promise<boolean> {
  if (process.geteuid === undefined) return false;
  const status = await stat(folder).catch(() => null);
  return status !== null && (status.mode & WRITABLE_BY_ALL) !== 0;
}

/** Reads a small file of this user. Returns null for a link, a larger file, another user's file, or a non-file. */
export async function readOwnFile(file: string, maxBytes: number): Promise<string | null> {
  try {
    const handle = await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const status = await handle.stat();
      if (!status.isFile() || status.size > maxBytes || !isOwn(status)) return null;
      return (await handle.readFile()).toString("utf8");
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}

/** Replaces a file in one step. The text is first written to a new file, so that no link is followed. */
export async function replaceFile(file: string, text: string, { sync = false } = {}): Promise<void> {
  const temporary = `${file}.${randomName()}.new`;
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(text);
      if (sync) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}
