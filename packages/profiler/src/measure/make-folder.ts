import { promises } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it that are missing. Node's own way to do so never ends where the kernel lets none be
 * made, as below `/proc`, and takes up all memory meanwhile.
 */
export async function makeFolder(folder: string, mode: number): Promise<void> {
  try {
    await promises.mkdir(folder, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || dirname(folder) === folder) throw error;
    await makeFolder(dirname(folder), mode);
    await promises.mkdir(folder, { mode }).catch((again: NodeJS.ErrnoException) => {
      if (again.code !== "EEXIST") throw again;
    });
  }
}
