import { mkdir } from "node:fs/promises";
import path from "node:path";
import { isFolder } from "./is-folder.js";

/**
 * Makes a folder and its missing parents. Returns the topmost folder that was made, or null where all existed. `mkdir` of
 * Node with `recursive` never ends where the kernel refuses to make a folder, as below `/proc`, and takes all memory
 * meanwhile. The profiler has a copy of this function that behaves the same.
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
    // Another program may have made it meanwhile.
    if (await isFolder(folder)) return above;
    throw error;
  }
}
