import path from "node:path";
import { SessionError } from "../session-error.js";
import { localFiles } from "./journal-files.js";
import { type JournalTurn, type ReadTurnsOptions, readTurns } from "./read-turns.js";
import { listSegments, readHeader, readSegment } from "./segment.js";
import { applyRecord, newSession } from "./session-state.js";

/** Facts about a session on disk, read while another program may write it. */
export interface StoredSession {
  folder: string;
  /** The session's name; null where no segment has a good header. */
  session: string | null;
  /** Counts over the whole session, including pruned turns. */
  turns: number;
  messages: number;
  segments: number;
  bytes: number;
  /** Time of the last turn, or of the newest segment where no turn follows; null where neither can be read. */
  last_at: string | null;
}

/** Reads the facts of a session from its last good segment header on. Returns null for a folder without a session. Changes nothing. */
export async function findSession(folder: string): Promise<StoredSession | null> {
  const absolute = path.resolve(folder);
  const segments = await listSegments(localFiles, absolute).catch((cause: unknown) => {
    throw new SessionError({
      code: "session-unreadable",
      message: `The folder ${absolute} cannot be listed.`,
      reason: cause instanceof Error ? cause.message : String(cause),
      hint: "Check its path and its permissions.",
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
  for (const segment of segments.slice(begin)) {
    for await (const lines of readSegment(localFiles, segment)) {
      for (const { record } of lines) {
        if (record === null || record.sequence <= sequence) continue;
        sequence = record.sequence;
        state = applyRecord(state, record);
        if (record.type === "segment") lastAt ??= record.created_at;
        else if (record.type === "turn") lastAt = record.messages.at(-1)?.timestamp ?? null;
      }
    }
  }
  const { session, turns, messages } = state;
  const counts = { turns, messages, segments: segments.length, bytes };
  return { folder: absolute, session: session === "" ? null : session, ...counts, last_at: lastAt };
}

/** Finds the sessions of a folder: its own, and those of the folders in it. */
export async function findSessions(folder: string): Promise<StoredSession[]> {
  const absolute = path.resolve(folder);
  const own = await findSession(absolute);
  const sessions = own === null ? [] : [own];
  for (const name of (await localFiles.list(absolute)).sort()) {
    const session = await findSession(path.join(absolute, name)).catch(() => null);
    if (session !== null) sessions.push(session);
  }
  return sessions;
}

/** Reads the turns of a session, oldest first, as they are asked for. Another program may write it meanwhile. */
export function readSession(folder: string, options: ReadTurnsOptions = {}): AsyncGenerator<JournalTurn, void> {
  return readTurns(localFiles, path.resolve(folder), options);
}
