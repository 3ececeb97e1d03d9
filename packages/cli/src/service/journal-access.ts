import { access, constants, readdir } from "node:fs/promises";
import path from "node:path";

/** Where journald writes, on a disk or in memory. */
const JOURNAL_FOLDERS = ["/var/log/journal", "/run/log/journal"];

/**
 * Tells whether this user may read the lines of other users and of the system. journalctl leaves them out, and does not
 * always say so.
 */
export async function mayReadWholeJournal(folders: readonly string[] = JOURNAL_FOLDERS): Promise<boolean> {
  for (const folder of folders) {
    const machines = await readdir(folder).catch(() => []);
    for (const machine of machines) {
      if (await isClosed(path.join(folder, machine, "system.journal"))) return false;
    }
  }
  return true;
}

const isClosed = (file: string) =>
  access(file, constants.R_OK).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === "EACCES",
  );
