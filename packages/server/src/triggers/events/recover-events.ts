import type { JournalFiles, Segment } from "@nanoagent/runtime/node";
import { EventLogError, eventsUnreadable } from "./event-log-error.js";
import { isContent, listSegments, readHeader, readSegment } from "./event-segment.js";
import { EventState } from "./event-state.js";
import type { FoundSegments } from "./segment-store.js";

export interface RecoveredEvents extends FoundSegments {
  readonly state: EventState;
  /** Damage that was found, one sentence each. */
  readonly notices: readonly string[];
}

/** A segment that was read. */
interface ReadSegment {
  readonly segment: Segment;
  readonly bytes: number;
  /** Whether its snapshot is complete, so that older segments are not needed. */
  isWhole: boolean;
  snapshotBytes: number;
  /** Length up to the end of the last complete line. */
  end: number;
  /** Number of records after the snapshot. */
  records: number;
  damagedLines: number;
  /** Bytes of an unfinished write at the end. */
  tornBytes: number;
  unknownLines: number;
  /** Set if it could not be read. */
  problem: string | null;
}

/**
 * Reads what a log knows: from the newest segment with a complete snapshot on. Damage is not an error; the damaged lines are
 * left out. Cuts off an unfinished write at the end. Throws {@link EventLogError} if the folder cannot be listed, or a newer
 * version wrote a segment; then nothing is changed.
 */
export async function recoverEvents(files: JournalFiles, folder: string): Promise<RecoveredEvents> {
  const segments = await listSegments(files, folder).catch((cause: unknown) => {
    throw eventsUnreadable(folder, cause);
  });
  const progress = { state: new EventState(), seq: segments.at(-1)?.first ?? 0 };
  const afterSeqs: (number | null)[] = [];
  for (const segment of segments) afterSeqs.push((await readHeader(files, segment))?.after_seq ?? null);
  /** Number beyond which the lines of a segment are void, because a later one begins after that. */
  const voidAfter = (index: number) => afterSeqs.slice(index + 1).find((after) => after !== null) ?? Number.MAX_VALUE;
  let begin = segments.length;
  const read = new Map<Segment, ReadSegment>();
  while (begin > 0) {
    begin -= 1;
    const segment = segments[begin] as Segment;
    progress.state = new EventState();
    const found = await load(files, segment, progress, voidAfter(begin));
    read.set(segment, found);
    if (found.isWhole) break;
  }
  for (const [index, segment] of segments.entries()) {
    if (index > begin) read.set(segment, await load(files, segment, progress, voidAfter(index)));
  }
  const notices = [...read.values()].flatMap(describe);
  const kept: { path: string; first: number; bytes: number }[] = [];
  let resumable: FoundSegments["resumable"] = null;
  for (const [index, segment] of segments.entries()) {
    const found = read.get(segment);
    const bytes = found?.bytes ?? (await files.size(segment.path).catch(() => 0));
    const isNewest = index === segments.length - 1;
    // The beginning of a segment that was never used.
    const isLeftover = found !== undefined && !found.isWhole && found.records === 0 && found.problem === null;
    if (isLeftover && (kept.length > 0 || bytes === 0) && (await discard(files, segment))) continue;
    kept.push({ ...segment, bytes });
    if (isNewest && found !== undefined) resumable = await resume(files, found);
  }
  return { ...progress, segments: kept, resumable, notices };
}

/** Applies the lines of a segment. */
async function load(
  files: JournalFiles,
  segment: Segment,
  progress: { state: EventState; seq: number },
  voidAfter: number,
): Promise<ReadSegment> {
  const bytes = await files.size(segment.path).catch(() => 0);
  const found: ReadSegment = {
    segment,
    bytes,
    isWhole: false,
    snapshotBytes: 0,
    end: 0,
    records: 0,
    damagedLines: 0,
    tornBytes: 0,
    unknownLines: 0,
    problem: null,
  };
  const { state } = progress;
  try {
    for await (const { offset, bytes: length, seq, line, ...place } of readSegment(files, segment)) {
      const { isEnded, isSnapshot, endsWhole } = place;
      if (line === null) {
        if (isEnded) found.damagedLines += 1;
        else found.tornBytes += length;
        continue;
      }
      found.end = offset + length;
      if (line.type === "other") found.unknownLines += 1;
      progress.seq = Math.max(progress.seq, seq);
      if (endsWhole) {
        found.isWhole = true;
        found.snapshotBytes = found.end;
      }
      if (!isContent(line) || (seq > voidAfter && !isSnapshot)) continue;
      state.apply(line, length);
      if (isSnapshot) continue;
      found.records += 1;
      state.noteTime(line);
    }
    const header = await readHeader(files, segment);
    if (header !== null && found.records === 0) state.noteTime(header);
  } catch (error) {
    if (error instanceof EventLogError) throw error;
    found.problem = error instanceof Error ? error.message : String(error);
    // Its lines may have these numbers, and the next start may be able to read them.
    progress.seq += bytes;
  }
  return found;
}

/** Returns the length of the newest segment if it can be continued. Cuts off an unfinished write. */
async function resume(files: JournalFiles, found: ReadSegment): Promise<FoundSegments["resumable"]> {
  const { segment, isWhole, damagedLines, tornBytes, end, snapshotBytes, problem } = found;
  if (!isWhole || damagedLines > 0 || problem !== null) return null;
  if (tornBytes === 0) return { bytes: end, snapshotBytes };
  try {
    const file = await files.open(segment.path, "write");
    try {
      await file.truncate(end);
      await file.sync();
    } finally {
      await file.close();
    }
    return { bytes: end, snapshotBytes };
  } catch {
    return null;
  }
}

async function discard(files: JournalFiles, segment: Segment): Promise<boolean> {
  try {
    await files.remove(segment.path);
    return true;
  } catch {
    return false;
  }
}

function describe({ segment, damagedLines, tornBytes, unknownLines, problem, bytes }: ReadSegment): string[] {
  const notices: string[] = [];
  const { path } = segment;
  if (problem !== null) notices.push(`${bytes} bytes of ${path} cannot be read (${problem}).`);
  if (damagedLines > 0) notices.push(`Skipped ${count(damagedLines, "damaged line")} of ${path}.`);
  if (tornBytes > 0) notices.push(`Ignored ${tornBytes} bytes of an unfinished write at the end of ${path}.`);
  if (unknownLines > 0) notices.push(`Ignored ${count(unknownLines, "line")} from another version in ${path}.`);
  return notices;
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}
