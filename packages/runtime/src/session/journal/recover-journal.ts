import path from "node:path";
import { messageOf } from "../../message-of.js";
import { SessionError } from "../session-error.js";
import type { JournalFiles } from "./journal-files.js";
import { encodeRecord, JOURNAL_FORMAT, type SegmentRecord } from "./journal-record.js";
import { addDamage, addMissing, type JournalReport } from "./journal-report.js";
import { type ByteRange, cutSegment, quarantine, rewriteSegment } from "./repair-segment.js";
import { listSegments, readHeader, readSegment, type Segment } from "./segment.js";
import { applyRecord, newSession, type SessionState } from "./session-state.js";
import { TurnGaps } from "./turn-gaps.js";

/** Length of the shortest record, in bytes. */
const SHORTEST_RECORD_BYTES = 32;

export interface RecoveredJournal {
  state: SessionState;
  /** Highest number that an existing record may have. New records get higher numbers. */
  sequence: number;
  /** The segment to continue, and its length, or null if the next write must begin a new one. */
  current: { segment: Segment; bytes: number } | null;
}

/** Reading progress: the state after the last valid record, and that record's number. */
interface Progress {
  state: SessionState;
  sequence: number;
}

/**
 * Reads a session's state from its last valid segment header on, and repairs the segments that it reads. Damage is not
 * an error; damage that cannot be repaired stays and is reported. Throws {@link SessionError} if the folder cannot be
 * listed, or a newer version wrote the session.
 */
export async function recoverJournal(
  files: JournalFiles,
  folder: string,
  report: JournalReport,
  { everything = false } = {},
): Promise<RecoveredJournal> {
  const segments = await list(files, folder);
  const headers = new Map<Segment, SegmentRecord>();
  let begin = segments.length;
  while (begin > 0) {
    const segment = segments[--begin] as Segment;
    const header = await readHeader(files, segment);
    if (header === null) continue;
    refuseNewer(header, segment);
    headers.set(segment, header);
    if (!everything) break;
  }
  // Only now: nothing in the folder of a newer version may change.
  await removeLeftovers(files, folder);
  const first = segments[begin];
  const progress = startAt(first && headers.get(first), [...headers.values()][0]?.session ?? crypto.randomUUID());
  const isWhole = everything || first === undefined || !headers.has(first);
  const gaps = new TurnGaps(isWhole ? 0 : progress.state.turns, isWhole, (missing) => addMissing(report, missing));
  let current: RecoveredJournal["current"] = null;
  for (const [index, segment] of segments.entries()) {
    if (index < begin) continue;
    const next = segments.slice(index + 1).find((later) => headers.has(later));
    const voidAfter = (next && headers.get(next)?.after_sequence) ?? Number.POSITIVE_INFINITY;
    const isLast = index === segments.length - 1;
    const bytes = await replay(files, segment, progress, { voidAfter, isLast, report, gaps });
    if (isLast && bytes !== null) current = { segment, bytes };
  }
  gaps.end();
  return { ...progress, current };
}

/** Returns the progress at the start of a segment, or of a new session without segments. */
function startAt(header: SegmentRecord | undefined, session: string): Progress {
  const state = newSession(session);
  if (header === undefined) return { state, sequence: 0 };
  return { state: applyRecord(state, { ...header, session }), sequence: header.after_sequence };
}

/** Reads a segment and repairs it. Returns its length, or null if nothing may be appended to it. */
async function replay(
  files: JournalFiles,
  segment: Segment,
  progress: Progress,
  { voidAfter, isLast, report, gaps }: { voidAfter: number; isLast: boolean; report: JournalReport; gaps: TurnGaps },
): Promise<number | null> {
  const good: ByteRange[] = [];
  const bad: ByteRange[] = [];
  const before = { ...progress };
  let hasHeader = false;
  let torn: ByteRange | null = null;
  let end = 0;
  try {
    for await (const lines of readSegment(files, segment)) {
      for (const { offset, bytes, record, ended, unreadable } of lines) {
        end = offset + bytes;
        // An interrupted write was never acknowledged. Other damaged lines may have been.
        if (record === null && !ended) torn = { offset, bytes };
        else extend(record === null ? bad : good, offset, bytes);
        if (unreadable) return leaveUnreadable(progress, segment, report, bytes);
        if (record?.type === "segment") {
          hasHeader = true;
          refuseNewer(record, segment);
        }
        if (record?.type === "other" && record.sequence <= voidAfter) report.unknown_records += 1;
        if (record === null || record.sequence > voidAfter || record.sequence <= progress.sequence) continue;
        gaps.add(record);
        progress.state = applyRecord(progress.state, record);
        progress.sequence = record.sequence;
      }
    }
  } catch (error) {
    if (error instanceof SessionError) throw error;
    return leaveUnreadable(progress, segment, report, await files.size(segment.path).catch(() => 0), error);
  }
  if (end === 0) report.empty_files.push(segment.path);
  if (torn !== null) report.torn_bytes += torn.bytes;
  try {
    if (bad.length > 0 || (!hasHeader && good.length > 0)) {
      const copies = await quarantine(files, segment, bad);
      note(report, segment, bad, copies);
      if (copies.includes(null)) throw new Error("its damage could not be copied");
      if (good.length === 0) return await discard(files, segment);
      const header = hasHeader ? null : encodeRecord(headerAt(before, segment));
      end = await rewriteSegment(files, segment, good, header);
    } else if (torn !== null) {
      if (good.length === 0) return await discard(files, segment);
      await cutSegment(files, segment, torn.offset);
      end = torn.offset;
    } else if (good.length === 0) return await discard(files, segment);
  } catch (error) {
    report.notes.push(
      `${segment.path} could not be repaired (${messageOf(error)}). The session continues in a new file.`,
    );
    return null;
  }
  return isLast ? end : null;
}

/**
 * Leaves a segment unchanged. The next start may be able to read it, so new records skip the numbers that it may have.
 */
function leaveUnreadable(
  progress: Progress,
  segment: Segment,
  report: JournalReport,
  bytes: number,
  error?: unknown,
): null {
  const why = error === undefined ? "" : ` (${messageOf(error)})`;
  report.notes.push(`${bytes} bytes of ${segment.path} cannot be read${why}. They stay unchanged.`);
  progress.sequence += Math.ceil(bytes / SHORTEST_RECORD_BYTES);
  return null;
}

async function discard(files: JournalFiles, segment: Segment): Promise<null> {
  await files.remove(segment.path);
  await files.syncFolder(path.dirname(segment.path));
  return null;
}

/** Returns a new header for a segment whose header is damaged. */
function headerAt({ state, sequence }: Progress, segment: Segment): SegmentRecord {
  return {
    type: "segment",
    sequence: segment.first,
    format: JOURNAL_FORMAT,
    session: state.session,
    created_at: new Date().toISOString(),
    after_sequence: Math.min(sequence, segment.first - 1),
    turns: state.turns,
    messages: state.messages,
    conversation_turn: state.conversation_turn,
    ...(state.prunedTurns === undefined ? {} : { pruned_turns: state.prunedTurns }),
  };
}

function note(report: JournalReport, { path: file }: Segment, bad: ByteRange[], copies: (string | null)[]): void {
  for (const [index, { offset, bytes }] of bad.entries()) {
    addDamage(report, { file, offset, bytes, quarantine: copies[index] ?? null });
  }
}

function extend(ranges: ByteRange[], offset: number, bytes: number): void {
  const last = ranges.at(-1);
  if (last !== undefined && last.offset + last.bytes === offset) last.bytes += bytes;
  else ranges.push({ offset, bytes });
}

async function list(files: JournalFiles, folder: string): Promise<Segment[]> {
  try {
    return await listSegments(files, folder);
  } catch (cause) {
    throw new SessionError({
      code: "session-unreadable",
      message: `The session folder ${folder} cannot be listed.`,
      reason: messageOf(cause),
      hint: "Check that session.dir is a folder and readable.",
      cause,
    });
  }
}

/** Removes files that an interrupted rewrite left behind. */
async function removeLeftovers(files: JournalFiles, folder: string): Promise<void> {
  try {
    for (const name of await files.list(folder)) {
      if (/^journal-\d{16}\.jsonl\.new$/.test(name)) await files.remove(path.join(folder, name));
    }
  } catch {
    // Such a file only uses space.
  }
}

function refuseNewer({ format }: SegmentRecord, segment: Segment): void {
  if (format <= JOURNAL_FORMAT) return;
  throw new SessionError({
    code: "session-format-unknown",
    message: `${segment.path} has format ${format}. This version of nanoagent supports ${JOURNAL_FORMAT}.`,
    hint: "Use the version of nanoagent that wrote it, or set another session.dir.",
  });
}
