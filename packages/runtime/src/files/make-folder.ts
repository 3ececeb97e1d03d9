import { mkdir, stat } from "node:fs/promises";
import path from "node:path";

/**
 * Makes a folder and those above it that are missing; the topmost that was made, null where all were there. Node's own way
 * to do so never ends where the kernel lets none be made, as below `/proc`, and takes up all memory meanwhile.
 */
export async function makeFolder(folder: string, mode = 0o777): Promise<string | null> {
  try {
    await mkdir(folder, { mode });
    return folder;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await isFolder(folder))) return null;
    if (code !== "ENOENT" || path.dirname(folder) === folder) throw error;
  }
  const above = await makeFolder(path.dirname(folder), mode);
  try {
    await mkdir(folder, { mode });
    return above ?? folder;
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (await isFolder(folder)) return above;
    throw error;
  }
}

async function isFolder(name: string): Promise<boolean> {
  return (await stat(name).catch(() => null))?.isDirectory() === true;
}
