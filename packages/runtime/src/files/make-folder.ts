import { mkdir } from "node:fs/promises";
import path from "node:path";
import { isFolder } from "./is-folder.js";

/**
 * Creates a folder and its missing parents. Returns the topmost folder that was created, or null if all existed. Node's
 * recursive `mkdir` never ends, and uses up all memory, if the kernel refuses to create a folder, as below `/proc`. The
 * profiler has a copy of this function with the same behavior.
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
    // Another program may have created it in the meantime.
    if (await isFolder(folder)) return above;
    throw error;
  }
}
