import type { JournalFile } from "./journal-files.js";

/** A line of a file: a record, or damage. */
export interface FileLine<Line> {
  offset: number;
  /** Length in bytes, including a line feed. */
  bytes: number;
  /** The record, or null if the line is damaged. */
  record: Line | null;
  /** Whether the line ends with a line feed. Only the last line of a file may lack it. */
  ended: boolean;
  /** Set if the device failed to read these bytes and all that follow. */
  unreadable?: true;
}

const PIECE_BYTES = 64 * 1024;
const LINE_FEED = 10;

/**
 * Reads the lines of a file in batches, in constant memory. `decode` gets a line without its line feed and returns null
 * for a damaged one. A line of more than `maxBytes` is damage. If the device fails to read a byte, the rest of the file is
 * damage.
 */
export async function* readLines<Line>(
  file: JournalFile,
  decode: (bytes: Uint8Array) => Line | null,
  maxBytes: number,
): AsyncGenerator<FileLine<Line>[], void> {
  let buffer = Buffer.allocUnsafe(PIECE_BYTES);
  /** Number of bytes in the buffer. The first one is at `offset` in the file. */
  let held = 0;
  let offset = 0;
  /** Number of bytes dropped from a line that is too long for a record. */
  let skipped = 0;
  for (;;) {
    let read: number;
    try {
      read = await file.read(buffer.subarray(held), offset + skipped + held);
    } catch {
      const bytes = Math.max(skipped + held, (await sizeOf(file)) - offset);
      if (bytes > 0) yield [{ offset, bytes, record: null, ended: false, unreadable: true }];
      return;
    }
    const isEnd = read === 0;
    const lines: FileLine<Line>[] = [];
    let start = 0;
    let searched = held;
    held += read;
    for (;;) {
      const found = buffer.subarray(0, held).indexOf(LINE_FEED, searched);
      if (found < 0) break;
      const bytes = skipped + found + 1 - start;
      const record = skipped > 0 ? null : decode(buffer.subarray(start, found));
      // An empty line only separates its neighbors.
      if (bytes > 1) lines.push({ offset, bytes, record, ended: true });
      offset += bytes;
      skipped = 0;
      start = found + 1;
      searched = start;
    }
    buffer.copyWithin(0, start, held);
    held -= start;
    if (isEnd && skipped + held > 0) {
      const record = skipped > 0 ? null : decode(buffer.subarray(0, held));
      lines.push({ offset, bytes: skipped + held, record, ended: false });
    }
    if (lines.length > 0) yield lines;
    if (isEnd) return;
    if (held < buffer.length) continue;
    if (skipped > 0 || held > maxBytes) {
      skipped += held;
      held = 0;
    } else {
      const larger = Buffer.allocUnsafe(buffer.length * 2);
      buffer.copy(larger, 0, 0, held);
      buffer = larger;
    }
  }
}

async function sizeOf(file: JournalFile): Promise<number> {
  return file.size().catch(() => 0);
}
