import path from "node:path";
import { type JournalFiles, writeAll } from "./journal-files.js";
import type { Segment } from "./segment.js";

/** Most bytes of damage that are kept. The oldest copies are removed first. */
const MAX_QUARANTINE_BYTES = 16 * 2 ** 20;
const PIECE_BYTES = 64 * 1024;

export interface ByteRange {
  offset: number;
  bytes: number;
}

/** Cuts a segment to this length, at the end of its last valid record. */
export async function cutSegment(files: JournalFiles, segment: Segment, bytes: number): Promise<void> {
  const file = await files.open(segment.path, "write");
  try {
    await file.truncate(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Copies damaged ranges to `quarantine/` beside the segment. Returns the file of each, or null if a copy failed. */
export async function quarantine(
  files: JournalFiles,
  segment: Segment,
  ranges: readonly ByteRange[],
): Promise<(string | null)[]> {
  const folder = path.join(path.dirname(segment.path), "quarantine");
  try {
    await files.makeFolder(folder);
    await makeRoom(
      files,
      folder,
      ranges.reduce((sum, range) => sum + range.bytes, 0),
    );
    const copies: (string | null)[] = [];
    for (const range of ranges) {
      const copy = path.join(folder, `${path.basename(segment.path, ".jsonl")}-${range.offset}-${range.bytes}.bin`);
      copies.push((await copyRanges(files, segment, [range], copy)) ? copy : null);
    }
    await files.syncFolder(folder);
    return copies;
  } catch {
    return ranges.map(() => null);
  }
}

/**
 * Replaces a damaged segment with a copy of its valid ranges. The copy is complete before the segment is replaced. If
 * the segment's own header is damaged, `header` comes first. Returns the new length in bytes.
 */
export async function rewriteSegment(
  files: JournalFiles,
  segment: Segment,
  good: readonly ByteRange[],
  header: Uint8Array | null,
): Promise<number> {
  const fresh = `${segment.path}.new`;
  try {
    await files.remove(fresh);
    const bytes = await copyRanges(files, segment, good, fresh, header);
    if (bytes === false) throw Object.assign(new Error("EIO: the segment could not be read"), { code: "EIO" });
    await files.rename(fresh, segment.path);
    await files.syncFolder(path.dirname(segment.path));
    return bytes;
  } catch (error) {
    await files.remove(fresh).catch(() => {});
    throw error;
  }
}

/** Copies ranges of a segment to a new file. Returns its length, or false if a range cannot be read. */
async function copyRanges(
  files: JournalFiles,
  segment: Segment,
  ranges: readonly ByteRange[],
  to: string,
  header: Uint8Array | null = null,
): Promise<number | false> {
  await files.remove(to);
  const source = await files.open(segment.path, "read");
  try {
    const target = await files.open(to, "create");
    try {
      let end = 0;
      if (header !== null) {
        writeAll(target, header, 0);
        end = header.length;
      }
      const buffer = Buffer.allocUnsafe(PIECE_BYTES);
      for (const { offset, bytes } of ranges) {
        for (let done = 0; done < bytes; ) {
          const piece = buffer.subarray(0, Math.min(buffer.length, bytes - done));
          let read: number;
          try {
            read = await source.read(piece, offset + done);
          } catch {
            read = 0;
          }
          if (read === 0) return false;
          writeAll(target, piece.subarray(0, read), end);
          end += read;
          done += read;
        }
      }
      await target.sync();
      return end;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function makeRoom(files: JournalFiles, folder: string, bytes: number): Promise<void> {
  const entries = [];
  for (const name of (await files.list(folder)).sort()) {
    const file = path.join(folder, name);
    entries.push({ file, bytes: await files.size(file) });
  }
  let total = entries.reduce((sum, entry) => sum + entry.bytes, bytes);
  for (const entry of entries) {
    if (total <= MAX_QUARANTINE_BYTES) return;
    await files.remove(entry.file);
    total -= entry.bytes;
  }
  if (total > MAX_QUARANTINE_BYTES) throw new RangeError("The damage exceeds the quarantine limit");
}
