import { mkdir, stat } from "node:fs/promises";
import path from "node:path";

/**
 * Creates a folder and its missing parents, one by one. Node's recursive `mkdir` reports ENOENT for a read-only file
 * system, and never ends below `/proc`.
 */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    if (await isFolder(folder)) return;
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" || path.dirname(folder) === folder) throw error;
    await makeFolder(path.dirname(folder), mode);
    await mkdir(folder, { mode }).catch(async (again) => {
      // Another program may have created it in the meantime.
      if (!(await isFolder(folder))) throw again;
    });
  }
}

async function isFolder(name: string): Promise<boolean> {
  return (await stat(name).catch(() => null))?.isDirectory() === true;
}
