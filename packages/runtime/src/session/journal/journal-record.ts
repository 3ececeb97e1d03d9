import type { AgentRole, MessageEnd } from "@nanoagent/models";
import type { ConversationMessage } from "../../engines/conversation-message.js";
import { decodeLine, encodeLine } from "./checked-line.js";

/** Version of the format that this program writes. */
export const JOURNAL_FORMAT = 1;
/** Longest record that is written or read, in bytes. Typical turns are far shorter. */
export const MAX_RECORD_BYTES = 32 * 2 ** 20;

/** A message in the journal's format. */
export type JournalMessage = ConversationMessage;

/** Counts of a session. With them, a reader can start at a segment without reading those before it. */
export interface JournalSnapshot {
  /** Number of turns so far. The next turn has this number plus one. */
  turns: number;
  messages: number;
  /** Number of the first turn of the current conversation. */
  conversation_turn: number;
}

/** The first record of a segment. */
export interface SegmentRecord extends JournalSnapshot {
  type: "segment";
  sequence: number;
  format: number;
  session: string;
  created_at: string;
  /** Number of the last valid record before this segment. Records of earlier segments with higher numbers are void. */
  after_sequence: number;
  /** Number of the last turn removed to stay within the session's limits. Absent in sessions of earlier versions. */
  pruned_turns?: number;
}

/** A complete turn. */
export interface TurnRecord {
  type: "turn";
  sequence: number;
  turn: number;
  messages: readonly JournalMessage[];
  /** True if the turn called a tool and then failed, or the program ended. The journal then added the turn's end. */
  interrupted?: true;
  /** Number of turns before this one that were answered but could not be saved. */
  turns_not_saved?: number;
}

/** The start of an act. Written before a tool that changes the world is called. */
export interface ActRecord {
  type: "act";
  sequence: number;
  turn: number;
  /** Unique identifier of this call, also across restarts. */
  key: string;
  call: { id: string; name: string; arguments: unknown };
  /** The turn's messages since its previous act, including the one that makes this call. */
  messages: readonly JournalMessage[];
  at: string;
}

/** The result of an act. */
export interface ActResultRecord {
  type: "act-result";
  sequence: number;
  key: string;
  content: string;
  is_error: boolean;
}

/** The start of a new conversation. The turns before this record are not part of it. */
interface ConversationRecord {
  type: "conversation";
  sequence: number;
}

/**
 * The part of the conversation that the engine saw last, so that it is the same after a restart. The newest record
 * applies.
 */
interface WindowRecord {
  type: "window";
  sequence: number;
  first_turn: number;
  /** Summary of the turns before `first_turn`. */
  summary: string | null;
  /** Summary to use when more turns leave the window, and the last turn that it covers. */
  next: { summary: string; through_turn: number } | null;
}

/** The removal of the oldest turns. Written before they are removed, so that readers do not report them as lost. */
interface PrunedRecord {
  type: "pruned";
  sequence: number;
  through_turn: number;
}

export type JournalRecord =
  | SegmentRecord
  | TurnRecord
  | ActRecord
  | ActResultRecord
  | ConversationRecord
  | WindowRecord
  | PrunedRecord;

/** A valid record that this version does not understand, for example from a newer version. Kept unchanged. */
export interface OtherRecord {
  type: "other";
  /** Number of the record, or 0 if this version cannot find it. */
  sequence: number;
  /** Number and message count of a turn, so that the number is not used again. */
  turn?: { number: number; messages: number };
}

/** A record that has no number yet. */
export type WithoutSequence<Kind> = Kind extends unknown ? Omit<Kind, "sequence"> : never;
export type JournalEntry = WithoutSequence<JournalRecord>;

/** The part of the conversation that the engine saw last. */
export type JournalWindow = Omit<WindowRecord, "type" | "sequence">;

/** The beginning of a new segment: the session's state in its header, and the entries after the header. */
export interface SegmentOpening {
  header: JournalSnapshot & { session: string; pruned_turns?: number };
  entries: JournalEntry[];
}

/** Encodes a record as one line. */
export function encodeRecord(record: JournalRecord): Uint8Array {
  return encodeLine(record);
}

/** Decodes a line without its line feed. Returns null for a damaged line. */
export function decodeRecord(bytes: Uint8Array): JournalRecord | OtherRecord | null {
  return checkRecord(decodeLine(bytes));
}

/** Checks the fields. A line with a valid checksum may come from another version, or from a person who computed it. */
function checkRecord(value: unknown): JournalRecord | OtherRecord | null {
  if (!isObject(value)) return null;
  if (value.type === "segment" && !((value.format as number) <= JOURNAL_FORMAT)) return asNewerSegment(value);
  return (isCount(value.sequence) && asKnown(value, value.sequence)) || asOther(value);
}

function asKnown(value: Record<string, unknown>, sequence: number): JournalRecord | null {
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
      return { type: "conversation", sequence };
    case "window":
      return isWindow(value) ? value : null;
    case "pruned":
      return isCount(value.through_turn) ? (value as unknown as PrunedRecord) : null;
    default:
      return null;
  }
}

function asOther({ type, sequence, turn: number, messages }: Record<string, unknown>): OtherRecord {
  const turn = { number: number as number, messages: Array.isArray(messages) ? messages.length : 0 };
  const isTurn = type === "turn" && isCount(number);
  return { type: "other", sequence: isCount(sequence) ? sequence : 0, ...(isTurn && { turn }) };
}

/**
 * Reads the header of a newer format, which may lack any field. Only its format number matters: nothing may be written.
 */
function asNewerSegment(value: Record<string, unknown>): SegmentRecord {
  const count = (key: keyof SegmentRecord, otherwise: number) => (isCount(value[key]) ? value[key] : otherwise);
  return {
    type: "segment",
    sequence: count("sequence", 0),
    format: value.format as number,
    session: typeof value.session === "string" ? value.session : "",
    created_at: typeof value.created_at === "string" ? value.created_at : "",
    after_sequence: count("after_sequence", Number.MAX_SAFE_INTEGER),
    turns: count("turns", 0),
    messages: count("messages", 0),
    conversation_turn: count("conversation_turn", 1),
  };
}

function isSegment(value: Record<string, unknown>): value is Record<string, unknown> & SegmentRecord {
  const counts = ["format", "after_sequence", "turns", "messages", "conversation_turn"];
  return (
    counts.every((key) => isCount(value[key])) &&
    (value.pruned_turns === undefined || isCount(value.pruned_turns)) &&
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

const ends: readonly unknown[] = ["stop", "length", "interrupted"] satisfies MessageEnd[];

function isMessages(value: unknown): value is JournalMessage[] {
  return Array.isArray(value) && value.length > 0 && value.every(isMessage);
}

function isMessage(value: unknown): boolean {
  return (
    isObject(value) &&
    roles.includes(value.role) &&
    typeof value.content === "string" &&
    typeof value.timestamp === "string" &&
    (value.ended === undefined || ends.includes(value.ended)) &&
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
