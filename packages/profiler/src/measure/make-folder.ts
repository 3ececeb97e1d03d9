import { promises } from "node:fs";
import { dirname } from "node:path";

/**
 * Creates a folder and its missing parents. Node's `mkdir` with `recursive` never ends and uses up all memory if the
 * kernel refuses to create a folder, as below `/proc`. The runtime has the same function: neither package imports the
 * other, and their common package models does not access files.
 */
export async function makeFolder(folder: string, mode: number): Promise<void> {
  try {
    await promises.mkdir(folder, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await isFolder(folder))) return;
    if (code !== "ENOENT" || dirname(folder) === folder) throw error;
    await makeFolder(dirname(folder), mode);
    await promises.mkdir(folder, { mode }).catch(async (again) => {
      // Another program may have created it in the meantime.
      if (!(await isFolder(folder))) throw again;
    });
  }
}

async function isFolder(name: string): Promise<boolean> {
  return (await promises.stat(name).catch(() => null))?.isDirectory() === true;
}
