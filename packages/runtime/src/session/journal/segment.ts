import path from "node:path";
import type { JournalFiles } from "./journal-files.js";
import {
  decodeRecord,
  JOURNAL_FORMAT,
  type JournalRecord,
  MAX_RECORD_BYTES,
  type OtherRecord,
  type SegmentRecord,
} from "./journal-record.js";
import { type FileLine, readLines } from "./read-lines.js";

/** One file of a journal, named after the sequence number of its first record. */
export interface Segment {
  path: string;
  first: number;
}

/** A line of a segment: a record, or damage. */
export type SegmentLine = FileLine<JournalRecord | OtherRecord>;

const NAME = /^journal-(\d{16})\.jsonl$/;
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
    yield* readLines(file, decodeRecord, MAX_RECORD_BYTES);
  } finally {
    await file.close();
  }
}
