import path from "node:path";
import { type JournalFiles, readLines, type Segment } from "@nanoagent/runtime/node";
import { EventLogError } from "./event-log-error.js";
import {
  decodeStoredLine,
  EVENTS_FORMAT,
  MAX_LINE_BYTES,
  type NewLine,
  type OtherLine,
  type SegmentHeader,
} from "./stored-line.js";

/** A line of a segment, and its place in it. */
export interface SegmentLine {
  readonly offset: number;
  readonly bytes: number;
  /** Number of the line. */
  readonly seq: number;
  /** The line, or null if it is damaged. */
  readonly line: NewLine | OtherLine | null;
  /** Whether the write was completed. */
  readonly isEnded: boolean;
  /** Whether it is the header or part of the snapshot that begins the segment. */
  readonly isSnapshot: boolean;
  /** Whether this line ends a snapshot of which every line is intact. */
  readonly endsWhole: boolean;
}

const NAME = /^events-(\d{16})\.jsonl$/;
/** Bytes of the first line, which is far shorter. */
const MAX_HEADER_BYTES = 4096;
const LINE_FEED = 10;

export function segmentPath(folder: string, first: number): string {
  return path.join(folder, `events-${String(first).padStart(16, "0")}.jsonl`);
}

/** Lists the segments of a folder, oldest first. Rejects if the folder cannot be listed. */
export async function listSegments(files: JournalFiles, folder: string): Promise<Segment[]> {
  const names = (await files.list(folder)).filter((name) => NAME.test(name)).sort();
  return names.map((name) => ({ path: path.join(folder, name), first: Number(NAME.exec(name)?.[1]) }));
}

/** Reads the first line of a segment. Returns null if it is damaged. Throws {@link EventLogError} for a newer format. */
export async function readHeader(files: JournalFiles, segment: Segment): Promise<SegmentHeader | null> {
  const buffer = new Uint8Array(MAX_HEADER_BYTES);
  let read = 0;
  try {
    const file = await files.open(segment.path, "read");
    try {
      read = await file.read(buffer, 0);
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
  const end = buffer.subarray(0, read).indexOf(LINE_FEED);
  const line = end < 0 ? undefined : decodeStoredLine(buffer.subarray(0, end))?.line;
  if (line?.type !== "segment") return null;
  if (line.format > EVENTS_FORMAT) refuseNewer(segment, line.format);
  return line;
}

/** Reads the lines of a segment, in constant memory. Throws if the file cannot be opened, or has a newer format. */
export async function* readSegment(files: JournalFiles, segment: Segment): AsyncGenerator<SegmentLine, void> {
  const file = await files.open(segment.path, "read");
  try {
    let hasHeader = false;
    let isSnapshot = true;
    let intact = 0;
    for await (const lines of readLines(file, decodeStoredLine, MAX_LINE_BYTES)) {
      for (const { offset, bytes, record, ended: isEnded } of lines) {
        const { seq, line } = record ?? { seq: 0, line: null };
        if (line?.type === "segment") {
          if (line.format > EVENTS_FORMAT) refuseNewer(segment, line.format);
          hasHeader = true;
          intact = 0;
          isSnapshot = true;
        }
        const isEnd = isSnapshot && line?.type === "snapshot-end";
        const endsWhole = isEnd && hasHeader && line.lines === intact;
        yield { offset, bytes, seq, line, isEnded, isSnapshot, endsWhole };
        if (isEnd) isSnapshot = false;
        else if (isSnapshot && line !== null && line.type !== "segment") intact += 1;
      }
    }
  } finally {
    await file.close();
  }
}

/** Whether a line is a record or part of a snapshot, and not a mark. */
export function isContent(line: NewLine | OtherLine): line is Exclude<NewLine, { type: "segment" | "snapshot-end" }> {
  return line.type !== "segment" && line.type !== "snapshot-end" && line.type !== "other";
}

function refuseNewer(segment: Segment, format: number): never {
  throw new EventLogError({
    code: "events-format-unknown",
    message: `${segment.path} has format ${format}. This version of nanoagent supports ${EVENTS_FORMAT}.`,
    hint: "Use the version of nanoagent that wrote it, or set another session.dir.",
  });
}
