import { randomUUID } from "node:crypto";
import path from "node:path";
import { SessionError } from "../session-error.js";
import { OpenTurn } from "./interrupted-turn.js";
import type { JournalFiles } from "./journal-files.js";
import {
  encodeRecord,
  JOURNAL_FORMAT,
  type JournalRecord,
  type JournalSnapshot,
  type OtherRecord,
  type SegmentRecord,
  type WindowRecord,
} from "./journal-record.js";
import { type JournalReport, MAX_REPORTED_DAMAGE } from "./journal-report.js";
import { type ByteRange, cutSegment, quarantine, rewriteSegment } from "./repair-segment.js";
import { listSegments, readHeader, readSegment, type Segment } from "./segment.js";

/** No record has fewer bytes. */
const SHORTEST_RECORD_BYTES = 32;

/** Where a journal stands. */
export interface JournalState extends JournalSnapshot {
  session: string;
  /** The number of the last record. */
  sequence: number;
  openTurn: OpenTurn | null;
  window: JournalWindow | null;
}

/** What of the conversation the engine was shown last. */
export type JournalWindow = Omit<WindowRecord, "type" | "sequence">;

export interface RecoveredJournal {
  state: JournalState;
  /** The segment to go on in, and where; null where a new one is to be begun. */
  current: { segment: Segment; bytes: number } | null;
}

/**
 * Finds out where a journal stands, from its last good snapshot on, and repairs what it reads. Damage never makes it
 * fail: what cannot be repaired is left and noted. Throws {@link SessionError} when the folder cannot be listed or a
 * newer version wrote it.
 */
export async function recoverJournal(
  files: JournalFiles,
  folder: string,
  report: JournalReport,
  { everything = false } = {},
): Promise<RecoveredJournal> {
  const segments = await list(files, folder);
  await removeLeftovers(files, folder);
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
  const first = segments[begin];
  const state = startOf(first === undefined ? undefined : headers.get(first));
  state.session = [...headers.values()][0]?.session ?? state.session;
  let current: RecoveredJournal["current"] = null;
  for (const [index, segment] of segments.entries()) {
    if (index < begin) continue;
    const next = segments.slice(index + 1).find((later) => headers.has(later));
    const voidAfter = (next && headers.get(next)?.after_sequence) ?? Number.POSITIVE_INFINITY;
    const isLast = index === segments.length - 1;
    const bytes = await replay(files, segment, state, { voidAfter, isLast, report });
    if (isLast && bytes !== null) current = { segment, bytes };
  }
  return { state, current };
}

/** How far the session was when a segment was begun; the beginning, where there is no segment. */
function startOf(header: SegmentRecord | undefined): JournalState {
  if (header === undefined) {
    const counts = { sequence: 0, turns: 0, messages: 0, conversation_turn: 1 };
    return { session: randomUUID(), ...counts, openTurn: null, window: null };
  }
  const { session, after_sequence, turns, messages, conversation_turn } = header;
  return { session, sequence: after_sequence, turns, messages, conversation_turn, openTurn: null, window: null };
}

/** What a record changes of where a journal stands. Returns how many turns are missing before it. */
function apply(state: JournalState, record: JournalRecord | OtherRecord): number {
  state.sequence = record.sequence;
  switch (record.type) {
    case "turn": {
      const missing = Math.max(0, record.turn - state.turns - 1);
      state.turns = Math.max(state.turns, record.turn);
      state.messages += record.messages.length;
      state.openTurn = null;
      return missing;
    }
    case "act":
      state.openTurn ??= new OpenTurn();
      state.openTurn.addAct(record);
      return 0;
    case "act-result":
      state.openTurn?.addResult(record);
      return 0;
    case "conversation":
      state.conversation_turn = state.turns + 1;
      state.window = null;
      return 0;
    case "window": {
      const { first_turn, summary, next } = record;
      state.window = { first_turn, summary, next };
      return 0;
    }
    case "segment": {
      // Where the one before ended otherwise, this knows better.
      const missing = Math.max(0, record.turns - state.turns);
      const { session, turns, messages, conversation_turn } = record;
      Object.assign(state, { session, turns, messages, conversation_turn });
      return missing;
    }
    case "other":
      return 0;
  }
}

/** Reads a segment into the state and repairs it. Returns its bytes; null when nothing may be written behind it. */
async function replay(
  files: JournalFiles,
  segment: Segment,
  state: JournalState,
  { voidAfter, isLast, report }: { voidAfter: number; isLast: boolean; report: JournalReport },
): Promise<number | null> {
  const good: ByteRange[] = [];
  const bad: ByteRange[] = [];
  const before = { ...state };
  let hasHeader = false;
  let torn: ByteRange | null = null;
  let end = 0;
  try {
    for await (const lines of readSegment(files, segment)) {
      for (const { offset, bytes, record, ended, unreadable } of lines) {
        end = offset + bytes;
        // A write that was cut off is in no way acknowledged; whatever else is damaged might have been.
        if (record === null && !ended) torn = { offset, bytes };
        else extend(record === null ? bad : good, offset, bytes);
        if (unreadable) return leaveUnreadable(state, segment, report, bytes);
        if (record?.type === "segment") {
          hasHeader = true;
          refuseNewer(record, segment);
        }
        if (record === null || record.sequence > voidAfter || record.sequence <= state.sequence) continue;
        report.missing_turns += apply(state, record);
      }
    }
  } catch (error) {
    if (error instanceof SessionError) throw error;
    return leaveUnreadable(state, segment, report, await files.size(segment.path).catch(() => 0), error);
  }
  if (torn !== null) report.torn_bytes += torn.bytes;
  try {
    if (bad.length > 0 || (!hasHeader && good.length > 0)) {
      const copies = await quarantine(files, segment, bad);
      note(report, segment, bad, copies);
      if (copies.includes(null)) throw new Error("its damage could not be put aside");
      if (good.length === 0) return await discard(files, segment);
      const header = hasHeader ? null : encodeRecord(snapshotOf(before, segment));
      end = await rewriteSegment(files, segment, good, header);
    } else if (torn !== null) {
      if (good.length === 0) return await discard(files, segment);
      await cutSegment(files, segment, torn.offset);
      end = torn.offset;
    } else if (good.length === 0) return await discard(files, segment);
  } catch (error) {
    report.notes.push(
      `${segment.path} could not be repaired (${messageOf(error)}); the session goes on in a new file.`,
    );
    return null;
  }
  return isLast ? end : null;
}

/** Its bytes may come back with the next start: nothing is changed, and the numbers that they may have are not given out. */
function leaveUnreadable(
  state: JournalState,
  segment: Segment,
  report: JournalReport,
  bytes: number,
  error?: unknown,
): null {
  const why = error === undefined ? "" : ` (${messageOf(error)})`;
  report.notes.push(`${bytes} bytes of ${segment.path} cannot be read${why}; they are left as they are.`);
  state.sequence += Math.ceil(bytes / SHORTEST_RECORD_BYTES);
  return null;
}

async function discard(files: JournalFiles, segment: Segment): Promise<null> {
  await files.remove(segment.path);
  await files.syncFolder(path.dirname(segment.path));
  return null;
}

/** A first record for a segment that has lost its own. */
function snapshotOf(state: JournalState, segment: Segment): SegmentRecord {
  const { session, sequence, turns, messages, conversation_turn } = state;
  return {
    type: "segment",
    sequence: segment.first,
    format: JOURNAL_FORMAT,
    session,
    created_at: new Date().toISOString(),
    after_sequence: Math.min(sequence, segment.first - 1),
    turns,
    messages,
    conversation_turn,
  };
}

function note(report: JournalReport, { path: file }: Segment, bad: ByteRange[], copies: (string | null)[]): void {
  for (const [index, { offset, bytes }] of bad.entries()) {
    if (report.damage.length >= MAX_REPORTED_DAMAGE) return;
    report.damage.push({ file, offset, bytes, quarantine: copies[index] ?? null });
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
      message: `The session's folder ${folder} cannot be listed.`,
      reason: messageOf(cause),
      hint: "Check that session.dir is a folder and who may read it.",
      cause,
    });
  }
}

/** A rewrite that was cut off has left a file that belongs to nothing. */
async function removeLeftovers(files: JournalFiles, folder: string): Promise<void> {
  try {
    for (const name of await files.list(folder)) {
      if (/^journal-\d{16}\.jsonl\.new$/.test(name)) await files.remove(path.join(folder, name));
    }
  } catch {
    // It harms nobody.
  }
}

function refuseNewer({ format }: SegmentRecord, segment: Segment): void {
  if (format <= JOURNAL_FORMAT) return;
  throw new SessionError({
    code: "session-format-unknown",
    message: `${segment.path} has format ${format}; this version of nanoagent knows ${JOURNAL_FORMAT}.`,
    hint: "Use the version of nanoagent that wrote it, or another session.dir.",
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
