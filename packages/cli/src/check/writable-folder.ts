import { access, constants, stat, statfs } from "node:fs/promises";
import path from "node:path";

/** Types of file systems in which Linux shows itself: `/proc` and `/sys`. Root may write there, but nobody can make files. */
const KERNEL_FILE_SYSTEMS: readonly number[] = [0x9fa0, 0x62656572];

/** Returns the folder itself, or its nearest parent that exists. */
export async function nearestExisting(file: string): Promise<{ path: string; isFolder: boolean }> {
  for (let at = file; ; at = path.dirname(at)) {
    try {
      return { path: at, isFolder: (await stat(at)).isDirectory() };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== "ENOENT" && code !== "ENOTDIR") || path.dirname(at) === at) return { path: at, isFolder: true };
    }
  }
}

/** Returns why this user cannot make files in a folder, or null. */
export async function whyNotWritable(existing: { path: string; isFolder: boolean }): Promise<string | null> {
  if (!existing.isFolder) return `${existing.path} is not a folder`;
  try {
    await access(existing.path, constants.W_OK | constants.X_OK);
    const type = process.platform === "linux" ? (await statfs(existing.path).catch(() => null))?.type : undefined;
    return type !== undefined && KERNEL_FILE_SYSTEMS.includes(type)
      ? `${existing.path} keeps no files: it is made by the kernel`
      : null;
  } catch (error) {
    const isReadOnly = (error as NodeJS.ErrnoException).code === "EROFS";
    return `${existing.path} ${isReadOnly ? "is on a read-only file system" : "is not writable for this user"}`;
  }
}
