import { readdir, rm } from "node:fs/promises";
import path from "node:path";

/** Name of the folder of downloads, beside the releases. */
export const DOWNLOADS = "downloads";
const PARTIAL_NAME = /^\d{1,16}-[0-9a-f]{64}\.part$/;

/** Removes downloads from a folder, but for one name. A missing folder is not an error. */
export async function removePartialBundles(folder: string, except: string | null = null): Promise<void> {
  const names = await readdir(folder).catch((error: { code?: string }) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  for (const name of names)
    if (name !== except && PARTIAL_NAME.test(name)) await rm(path.join(folder, name), { force: true, recursive: true });
}
