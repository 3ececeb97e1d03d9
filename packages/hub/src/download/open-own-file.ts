import { constants } from "node:fs";
import { type FileHandle, lstat, open, rm } from "node:fs/promises";

const { O_CREAT, O_RDWR, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

/**
 * Opens or creates a file that only downloads write to. A symbolic link, a second name of another file, or anything
 * else in its place is removed, not followed. Rejects for a folder.
 */
export async function openOwnFile(file: string): Promise<FileHandle> {
  const status = await lstat(file).catch(() => null);
  if (status?.isDirectory()) throw Object.assign(new Error(`EISDIR: ${file} is a folder`), { code: "EISDIR" });
  if (status !== null && isOwn(status)) {
    const handle = await open(file, O_RDWR | O_NOFOLLOW | O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ELOOP" || error.code === "ENOENT") return null;
      throw error;
    });
    if (handle !== null) {
      if (isOwn(await handle.stat())) return handle;
      await handle.close();
    }
  }
  await rm(file, { force: true });
  return open(file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666);
}

function isOwn(status: { isFile(): boolean; nlink: number }): boolean {
  return status.isFile() && status.nlink === 1;
}
