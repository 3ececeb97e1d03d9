import { promises } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder and its missing parents. `mkdir` of Node with `recursive` never ends where the kernel refuses to make a
 * folder, as below `/proc`, and takes all memory meanwhile. The runtime has the same function: neither package imports the
 * other, and models, below both, touches no files.
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
      // Another program may have made it meanwhile.
      if (!(await isFolder(folder))) throw again;
    });
  }
}

async function isFolder(name: string): Promise<boolean> {
  return (await promises.stat(name).catch(() => null))?.isDirectory() === true;
}
