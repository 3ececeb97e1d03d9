import type { AgentRole } from "@nanoagent/models";
import type { ConversationMessage } from "../../engines/conversation-message.js";
import { crc32 } from "../../files/crc32.js";

/** The version of the files that is written. */
export const JOURNAL_FORMAT = 1;
/** A record longer than this is neither written nor read: a turn of a few messages is far below. */
export const MAX_RECORD_BYTES = 32 * 2 ** 20;

/** A message as it is kept. */
export type JournalMessage = ConversationMessage;

/** How far a session had come: enough to go on from without reading what is before. */
export interface JournalSnapshot {
  /** Turns so far; the next one has this number plus one. */
  turns: number;
  messages: number;
  /** The number of the first turn of the conversation that runs. */
  conversation_turn: number;
}

/** The first record of a segment. */
export interface SegmentRecord extends JournalSnapshot {
  type: "segment";
  sequence: number;
  format: number;
  session: string;
  created_at: string;
  /** The last record before this segment; a record of an earlier file with a greater number is void. */
  after_sequence: number;
}

/** One turn, whole. */
export interface TurnRecord {
  type: "turn";
  sequence: number;
  turn: number;
  messages: readonly JournalMessage[];
  /** The program ended, or the turn failed, after a tool had been called: the end was put there by the journal. */
  interrupted?: true;
  /** Turns before this one that were answered but could not be saved. */
  turns_not_saved?: number;
}

/** A tool that changes the world is about to be called. */
export interface ActRecord {
  type: "act";
  sequence: number;
  turn: number;
  /** The same for this call whatever happens, and for no other. */
  key: string;
  call: { id: string; name: string; arguments: unknown };
  /** The turn's messages since its act before, the one with this call among them. */
  messages: readonly JournalMessage[];
  at: string;
}

/** What became of it. */
export interface ActResultRecord {
  type: "act-result";
  sequence: number;
  key: string;
  content: string;
  is_error: boolean;
}

/** The conversation begins anew after this. */
export interface ConversationRecord {
  type: "conversation";
  sequence: number;
}

/** What of the conversation the engine is shown: so that it is shown the same after a restart. Each stands in for those before. */
export interface WindowRecord {
  type: "window";
  sequence: number;
  first_turn: number;
  /** What stands for the turns before. */
  summary: string | null;
  /** What stands for them when the next ones leave, and the last turn that it has. */
  next: { summary: string; through_turn: number } | null;
}

export type JournalRecord =
  | SegmentRecord
  | TurnRecord
  | ActRecord
  | ActResultRecord
  | ConversationRecord
  | WindowRecord;

/** A record of a type that this version does not know; it is kept. */
export interface OtherRecord {
  type: "other";
  sequence: number;
}

const SUFFIX = /^,"crc32":"([0-9a-f]{8})"}$/;
const SUFFIX_BYTES = ',"crc32":"00000000"}'.length;

/** One line: the record as JSON, and last in it the CRC-32 of all that is before that field. */
export function encodeRecord(record: JournalRecord): Buffer {
  const text = JSON.stringify(record);
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(text) + SUFFIX_BYTES);
  const end = bytes.write(text) - 1;
  const sum = crc32(bytes.subarray(0, end)).toString(16).padStart(8, "0");
  bytes.write(`,"crc32":"${sum}"}\n`, end, "latin1");
  return bytes;
}

/** The record of a line without its line feed; null when it is damaged. */
export function decodeRecord(line: Buffer): JournalRecord | OtherRecord | null {
  const end = line.length - SUFFIX_BYTES;
  if (end < 1) return null;
  const sum = SUFFIX.exec(line.toString("latin1", end))?.[1];
  if (sum === undefined || Number.parseInt(sum, 16) !== crc32(line.subarray(0, end))) return null;
  try {
    return checkRecord(JSON.parse(`${line.toString("utf8", 0, end)}}`));
  } catch {
    return null;
  }
}

/** What has the right sum was written by us, but perhaps by another version, or by somebody who can compute sums. */
function checkRecord(value: unknown): JournalRecord | OtherRecord | null {
  if (!isObject(value) || !isCount(value.sequence) || typeof value.type !== "string") return null;
  switch (value.type) {
    case "segment":
      return isSegment(value) ? value : null;
    case "turn":
      return isCount(value.turn) && isMessages(value.messages) ? (value as unknown as TurnRecord) : null;
    case "act":
      return isAct(value) ? value : null;
    case "act-result":
      return typeof value.key === "string" && typeof value.content === "string" && typeof value.is_error === "boolean"
        ? (value as unknown as ActResultRecord)
        : null;
    case "conversation":
      return { type: "conversation", sequence: value.sequence };
    case "window":
      return isWindow(value) ? value : null;
    default:
      return { type: "other", sequence: value.sequence };
  }
}

function isSegment(value: Record<string, unknown>): value is Record<string, unknown> & SegmentRecord {
  const counts = ["format", "after_sequence", "turns", "messages", "conversation_turn"];
  return (
    counts.every((key) => isCount(value[key])) &&
    typeof value.session === "string" &&
    typeof value.created_at === "string"
  );
}

function isWindow(value: Record<string, unknown>): value is Record<string, unknown> & WindowRecord {
  const { first_turn, summary, next } = value;
  return (
    isCount(first_turn) &&
    (summary === null || typeof summary === "string") &&
    (next === null || (isObject(next) && typeof next.summary === "string" && isCount(next.through_turn)))
  );
}

function isAct(value: Record<string, unknown>): value is Record<string, unknown> & ActRecord {
  const { call } = value;
  return (
    isCount(value.turn) &&
    typeof value.key === "string" &&
    isObject(call) &&
    typeof call.id === "string" &&
    typeof call.name === "string" &&
    Array.isArray(value.messages) &&
    value.messages.every(isMessage)
  );
}

const roles: readonly unknown[] = ["system", "user", "assistant", "tool"] satisfies AgentRole[];

function isMessages(value: unknown): value is JournalMessage[] {
  return Array.isArray(value) && value.length > 0 && value.every(isMessage);
}

function isMessage(value: unknown): boolean {
  return (
    isObject(value) &&
    roles.includes(value.role) &&
    typeof value.content === "string" &&
    typeof value.timestamp === "string" &&
    (value.tool_call_id === undefined || typeof value.tool_call_id === "string") &&
    (value.tool_calls === undefined || (Array.isArray(value.tool_calls) && value.tool_calls.every(isCall)))
  );
}

function isCall(value: unknown): boolean {
  return isObject(value) && typeof value.id === "string" && typeof value.name === "string";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
