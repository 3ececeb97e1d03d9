import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { cutText } from "@nanoagent/models";
import { syncFolder } from "./sync-folder.js";

/** Longest part of a file's name in the name of its temporary file. */
const NAME_CHARACTERS = 100;

/**
 * Writes a file in one step: `write` fills a temporary file beside it, which then gets its name. If anything fails, the old file
 * stays. The mode does not depend on the umask.
 */
export async function replaceFile(
  file: string,
  mode: number,
  write: (temporary: FileHandle) => Promise<void>,
): Promise<void> {
  const folder = path.dirname(file);
  const name = cutText(path.basename(file), NAME_CHARACTERS);
  const temporary = path.join(folder, `.${name}.${randomBytes(6).toString("hex")}.new`);
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      await write(handle);
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}
