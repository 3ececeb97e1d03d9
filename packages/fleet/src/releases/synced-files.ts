import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open, readlink, rename, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { syncFolder } from "../bundle/sync-folder.js";

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
/** Unfinished files, links and folders. Their names are used once. */
const UNFINISHED = /^\.[\w.]+-[0-9a-f]{16}\.unfinished$/;

/** Hidden name for something that gets its final name once it is complete. */
export function unfinishedName(name: string): string {
  return `.${name}-${randomBytes(8).toString("hex")}.unfinished`;
}

export function isUnfinishedName(name: string): boolean {
  return UNFINISHED.test(name);
}

/**
 * Replaces a file: writes a new one, syncs it, gives it the name, and syncs the folder. After a power cut at any moment the name
 * leads to the whole old or the whole new content. Links are replaced, not followed.
 */
export async function writeSynced(folder: string, name: string, text: string): Promise<void> {
  const unfinished = path.join(folder, unfinishedName(name));
  try {
    const handle = await open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, path.join(folder, name));
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(folder);
}

/**
 * Makes a name a link to `target`, in one step: at every moment it leads to the old or the new target. Rejects if the name
 * belongs to a folder.
 */
export async function replaceLink(folder: string, name: string, target: string): Promise<void> {
  const unfinished = path.join(folder, unfinishedName(name));
  try {
    await symlink(target, unfinished, "dir");
    // The link is complete on disk before its name is.
    await syncFolder(folder);
    await rename(unfinished, path.join(folder, name));
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(folder);
}

/** Reads a regular file. Returns null if it is missing, or `unusable` if it is something else or larger. */
export async function readSmallFile(file: string, maxBytes: number): Promise<string | "unusable" | null> {
  const handle = await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: { code?: string }) => {
    if (error.code === "ENOENT") return null;
    if (error.code === "ELOOP" || error.code === "ENXIO") return "unusable" as const;
    throw error;
  });
  if (handle === null || handle === "unusable") return handle;
  try {
    const status = await handle.stat();
    if (!status.isFile() || status.size > maxBytes) return "unusable";
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

/** Kind of entry at a path. Links are not followed. */
export type PathKind = { readonly link: string } | "folder" | "file" | "other" | "missing";

export async function kindOf(file: string): Promise<PathKind> {
  try {
    const status = await lstat(file);
    if (status.isSymbolicLink()) return { link: await readlink(file) };
    if (status.isDirectory()) return "folder";
    return status.isFile() ? "file" : "other";
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return "missing";
    throw error;
  }
}
