import path from "node:path";
import { isClockSet } from "@nanoagent/models";
import { SessionError } from "../session-error.js";
import { localFiles } from "./journal-files.js";
import type { JournalRecord, OtherRecord } from "./journal-record.js";
import type { MissingTurns } from "./journal-report.js";
import { type JournalTurn, type ReadTurnsOptions, readTurns } from "./read-turns.js";
import { listSegments, readHeader, readSegment } from "./segment.js";
import { applyRecord, newSession } from "./session-state.js";

/** Facts about a session on disk, read while another program may write it. */
export interface StoredSession {
  folder: string;
  /** Name of the session, or null if no segment has a valid header. */
  session: string | null;
  /** Counts of the complete session, including pruned turns. */
  turns: number;
  messages: number;
  segments: number;
  bytes: number;
  /** Number of counted turns that are in no segment. Null if not checked; only {@link findSessions} checks it. */
  missing_turns: number | null;
  /** Newest time of a turn or a segment from a clock that was set, or null. */
  last_at: string | null;
}

/**
 * Reads the facts of a session from its last valid segment header on. Returns null for a folder without a session.
 * Changes nothing.
 */
export async function findSession(folder: string): Promise<StoredSession | null> {
  const absolute = path.resolve(folder);
  const segments = await listSegments(localFiles, absolute).catch((cause: unknown) => {
    throw new SessionError({
      code: "session-unreadable",
      message: `The folder ${absolute} cannot be listed.`,
      reason: cause instanceof Error ? cause.message : String(cause),
      hint: "Check its path and permissions.",
      cause,
    });
  });
  if (segments.length === 0) return null;
  let bytes = 0;
  for (const { path: file } of segments) bytes += await localFiles.size(file).catch(() => 0);
  let begin = segments.length - 1;
  while (begin > 0 && (await readHeader(localFiles, segments[begin] as never)) === null) begin -= 1;
  let sequence = 0;
  let state = newSession("");
  let lastAt: string | null = null;
  const take = (record: JournalRecord | OtherRecord | null) => {
    if (record === null || record.sequence <= sequence) return;
    sequence = record.sequence;
    state = applyRecord(state, record);
    const at = record.type === "turn" ? record.messages.at(-1)?.timestamp : createdAt(record);
    if (at !== undefined && isClockSet(Date.parse(at))) lastAt = at;
  };
  for (const segment of segments.slice(begin)) {
    try {
      for await (const lines of readSegment(localFiles, segment)) for (const { record } of lines) take(record);
    } catch {
      // Reading the turns reports a segment that cannot be read.
    }
  }
  const { session, turns, messages } = state;
  const counts = { turns, messages, segments: segments.length, bytes };
  const named = session === "" ? null : session;
  return { folder: absolute, session: named, ...counts, missing_turns: null, last_at: lastAt };
}

function createdAt(record: JournalRecord | OtherRecord): string | undefined {
  return record.type === "segment" ? record.created_at : undefined;
}

/** Finds the sessions in a folder and in its direct subfolders. */
export async function findSessions(folder: string): Promise<StoredSession[]> {
  const absolute = path.resolve(folder);
  const own = await findWholeSession(absolute);
  const sessions = own === null ? [] : [own];
  for (const name of (await localFiles.list(absolute)).sort()) {
    const session = await findWholeSession(path.join(absolute, name)).catch(() => null);
    if (session !== null) sessions.push(session);
  }
  return sessions;
}

/** Finds a session, and reads it completely to check for missing turns. */
async function findWholeSession(folder: string): Promise<StoredSession | null> {
  const session = await findSession(folder);
  if (session === null) return null;
  let missing_turns = 0;
  const onMissing = ({ first_turn, last_turn }: MissingTurns) => {
    missing_turns += last_turn - first_turn + 1;
  };
  for await (const _ of readSession(folder, { onMissing })) {
    // Only the numbers matter.
  }
  return { ...session, missing_turns };
}

/** Yields the turns of a session, oldest first, read on demand. Another program may write it at the same time. */
export function readSession(folder: string, options: ReadTurnsOptions = {}): AsyncGenerator<JournalTurn, void> {
  return readTurns(localFiles, path.resolve(folder), options);
}
