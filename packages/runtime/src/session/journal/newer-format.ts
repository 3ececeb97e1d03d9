import path from "node:path";
import { localFiles } from "./journal-files.js";
import { JOURNAL_FORMAT } from "./journal-record.js";
import { listSegments, readHeader } from "./segment.js";

/**
 * Returns the highest format of a session's segments if it is newer than the one that this version supports, otherwise
 * null: also for a folder without a session. Reads at most 4 KB of each segment. Rejects if the folder cannot be listed.
 */
export async function findNewerFormat(folder: string): Promise<number | null> {
  let newest = JOURNAL_FORMAT;
  for (const segment of await listSegments(localFiles, path.resolve(folder))) {
    const header = await readHeader(localFiles, segment);
    newest = Math.max(newest, header?.format ?? 0);
  }
  return newest > JOURNAL_FORMAT ? newest : null;
}
