import path from "node:path";
import type { JournalFiles } from "./journal-files.js";
import { listSegments, readHeader, type Segment } from "./segment.js";

export interface Retention {
  maxBytes?: number | undefined;
  maxAgeMilliseconds?: number | undefined;
}

/** Earliest time that is believed. A clock that shows less was never set, so it makes nothing old. */
const EARLIEST_CLOCK = Date.parse("2026-01-01T00:00:00Z");

/**
 * Removes the oldest segments until the rest is within these limits; the newest always stays. Returns the bytes freed.
 */
export async function prune(
  files: JournalFiles,
  folder: string,
  { maxBytes, maxAgeMilliseconds }: Retention,
  now: number,
): Promise<number> {
  const segments = await listSegments(files, folder);
  const sizes = await Promise.all(segments.map(({ path: file }) => files.size(file)));
  let total = sizes.reduce((sum, size) => sum + size, 0);
  let freed = 0;
  for (const [index, segment] of segments.slice(0, -1).entries()) {
    const isTooMuch = maxBytes !== undefined && total > maxBytes;
    if (!isTooMuch && !(await isOld(files, segments, index, maxAgeMilliseconds, now))) break;
    await files.remove(segment.path);
    const size = sizes[index] ?? 0;
    total -= size;
    freed += size;
  }
  if (freed > 0) await files.syncFolder(path.resolve(folder));
  return freed;
}

/** Tells by the time at which the next segment began whether all turns of this one are too old. */
async function isOld(
  files: JournalFiles,
  segments: readonly Segment[],
  index: number,
  maxAgeMilliseconds: number | undefined,
  now: number,
): Promise<boolean> {
  const next = segments[index + 1];
  if (maxAgeMilliseconds === undefined || next === undefined || now < EARLIEST_CLOCK) return false;
  const header = await readHeader(files, next);
  return header !== null && now - Date.parse(header.created_at) > maxAgeMilliseconds;
}
