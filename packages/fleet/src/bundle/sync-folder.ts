import { open } from "node:fs/promises";

/** Errors of systems that cannot open or sync a folder: Windows, and some network file systems. */
const CANNOT_SYNC: ReadonlySet<unknown> = new Set(["EISDIR", "EPERM", "EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** Resolves when the entries of a folder are on the disk, where the system can do that. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    if (!CANNOT_SYNC.has((error as { code?: string }).code)) throw error;
  }
}
