import path from "node:path";
import { SessionError } from "../session-error.js";
import { localFiles } from "./journal-files.js";
import { type JournalTurn, type ReadTurnsOptions, readTurns } from "./read-turns.js";
import { listSegments, readHeader, readSegment } from "./segment.js";

/** A session on disk, looked at beside whoever writes it. */
export interface StoredSession {
  folder: string;
  /** Its name; null where the newest files are damaged. */
  session: string | null;
  /** Counts over its whole life, also of what has been pruned. */
  turns: number;
  messages: number;
  segments: number;
  bytes: number;
  /** When its last turn was; null where there is none. */
  last_at: string | null;
}

/** What there is of a session, from its last snapshot on; null where the folder has none. Changes nothing. */
export async function findSession(folder: string): Promise<StoredSession | null> {
  const absolute = path.resolve(folder);
  const segments = await listSegments(localFiles, absolute).catch((cause: unknown) => {
    throw new SessionError({
      code: "session-unreadable",
      message: `The folder ${absolute} cannot be listed.`,
      reason: cause instanceof Error ? cause.message : String(cause),
      hint: "Check its path, and who may read it.",
      cause,
    });
  });
  if (segments.length === 0) return null;
  const found: StoredSession = {
    folder: absolute,
    session: null,
    turns: 0,
    messages: 0,
    segments: segments.length,
    bytes: 0,
    last_at: null,
  };
  for (const { path: file } of segments) found.bytes += await localFiles.size(file).catch(() => 0);
  let begin = segments.length - 1;
  while (begin > 0 && (await readHeader(localFiles, segments[begin] as never)) === null) begin -= 1;
  let sequence = 0;
  for (const segment of segments.slice(begin)) {
    for await (const lines of readSegment(localFiles, segment)) {
      for (const { record } of lines) {
        if (record === null || record.sequence <= sequence) continue;
        sequence = record.sequence;
        if (record.type === "segment") {
          const { session, turns, messages, created_at } = record;
          Object.assign(found, { session, turns, messages, last_at: found.last_at ?? created_at });
        } else if (record.type === "turn") {
          found.turns = Math.max(found.turns, record.turn);
          found.messages += record.messages.length;
          found.last_at = record.messages.at(-1)?.timestamp ?? null;
        }
      }
    }
  }
  return found;
}

/** The sessions of a folder: its own, and those of the folders in it. */
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

/** The turns of a session on disk, oldest first, read as they are asked for; beside whoever writes it. */
export function readSession(folder: string, options: ReadTurnsOptions = {}): AsyncGenerator<JournalTurn, void> {
  return readTurns(localFiles, path.resolve(folder), options);
}
