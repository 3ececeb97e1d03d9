import path from "node:path";
import type { JournalFile, JournalFiles } from "./journal-files.js";
import {
  decodeRecord,
  JOURNAL_FORMAT,
  type JournalRecord,
  MAX_RECORD_BYTES,
  type OtherRecord,
  type SegmentRecord,
} from "./journal-record.js";

/** One file of a journal, named after the sequence number of its first record. */
export interface Segment {
  path: string;
  first: number;
}

/** A line of a segment: a record, or damage. */
export interface SegmentLine {
  offset: number;
  /** Length in bytes, including a line feed. */
  bytes: number;
  /** The record, or null if the line is damaged. */
  record: JournalRecord | OtherRecord | null;
  /** Whether the line ends with a line feed. Only the last line of a file may lack it. */
  ended: boolean;
  /** Set if the device failed to read these bytes and all that follow. */
  unreadable?: true;
}

const NAME = /^journal-(\d{16})\.jsonl$/;
const PIECE_BYTES = 64 * 1024;
/** Bytes to read for the first record of a segment, which is far shorter. */
const MAX_HEADER_BYTES = 4096;
const LINE_FEED = 10;

export function segmentPath(folder: string, first: number): string {
  return path.join(folder, `journal-${String(first).padStart(16, "0")}.jsonl`);
}

/**
 * Lists the segments of a folder, oldest first. The header of a renamed file determines its place; a file without a
 * valid header is placed by its name.
 */
export async function listSegments(files: JournalFiles, folder: string): Promise<Segment[]> {
  const names = (await files.list(folder)).filter((name) => NAME.test(name)).sort();
  const segments = names.map((name) => ({ path: path.join(folder, name), first: Number(NAME.exec(name)?.[1]) }));
  for (const segment of segments) {
    const header = await readHeader(files, segment);
    if (header !== null && header.format <= JOURNAL_FORMAT) segment.first = header.sequence;
  }
  return segments.sort((one, other) => one.first - other.first);
}

/** Reads the first record of a segment. Returns null if it is damaged or cannot be read. */
export async function readHeader(files: JournalFiles, segment: Segment): Promise<SegmentRecord | null> {
  try {
    const file = await files.open(segment.path, "read");
    try {
      const buffer = Buffer.alloc(MAX_HEADER_BYTES);
      const end = buffer.subarray(0, await file.read(buffer, 0)).indexOf(LINE_FEED);
      const record = end < 0 ? null : decodeRecord(buffer.subarray(0, end));
      return record?.type === "segment" ? record : null;
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}

/**
 * Reads the lines of a segment in batches, in constant memory. If the device fails to read a byte, the rest of the file
 * is damage. Throws if the file cannot be opened.
 */
export async function* readSegment(files: JournalFiles, segment: Segment): AsyncGenerator<SegmentLine[], void> {
  const file = await files.open(segment.path, "read");
  try {
    yield* readLines(file);
  } finally {
    await file.close();
  }
}

async function* readLines(file: JournalFile): AsyncGenerator<SegmentLine[], void> {
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
    const lines: SegmentLine[] = [];
    let start = 0;
    let searched = held;
    held += read;
    for (;;) {
      const found = buffer.subarray(0, held).indexOf(LINE_FEED, searched);
      if (found < 0) break;
      const bytes = skipped + found + 1 - start;
      const record = skipped > 0 ? null : decodeRecord(buffer.subarray(start, found));
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
      const record = skipped > 0 ? null : decodeRecord(buffer.subarray(0, held));
      lines.push({ offset, bytes: skipped + held, record, ended: false });
    }
    if (lines.length > 0) yield lines;
    if (isEnd) return;
    if (held < buffer.length) continue;
    if (skipped > 0 || held > MAX_RECORD_BYTES) {
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
