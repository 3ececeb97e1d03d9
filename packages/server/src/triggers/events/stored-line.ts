import { decodeLine, encodeLine } from "@nanoagent/runtime/node";
import type { EventEnded, EventRecord, ScheduleReached } from "./event-record.js";
import type { EndCounts } from "./trigger-counts.js";

/** Version of the format that this program writes. */
export const EVENTS_FORMAT = 1;
/** Longest line that is read, in bytes. Written lines are far shorter, see {@link MAX_RECORD_BYTES}. */
export const MAX_LINE_BYTES = 2 ** 20;
/** Longest record that is written, in bytes. A payload, a topic and an identity fit. */
export const MAX_RECORD_BYTES = 2 ** 18;

/** The first line of a segment. A snapshot follows: the records of all open events, and what is remembered. */
export interface SegmentHeader {
  readonly type: "segment";
  readonly format: number;
  readonly created_at: number;
  /** Number of the last valid line before this segment. Higher numbers in earlier segments are void. */
  readonly after_seq: number;
}

/** Counts of a trigger, and its schedule. */
interface KeptTrigger {
  readonly type: "trigger";
  readonly trigger: string;
  readonly counts: EndCounts;
  readonly last_end: EventEnded | null;
  readonly schedule: Pick<ScheduleReached, "rule" | "through"> | null;
}

/** State of the conditions of a trigger for a topic. */
interface KeptCondition {
  readonly type: "condition";
  readonly trigger: string;
  readonly topic: string | null;
  readonly state: unknown;
}

/** Values by which a trigger recognizes repeated events: hash, time until which it counts, event. */
interface KeptHashes {
  readonly type: "hashes";
  readonly trigger: string;
  readonly hashes: readonly (readonly [hash: string, until: number, event: string])[];
}

/** The last line of a snapshot. */
interface SnapshotEnd {
  readonly type: "snapshot-end";
  /** Number of lines since the header. */
  readonly lines: number;
}

/** A line of the memory of a log that belongs to no open event. */
export type KeptLine = KeptTrigger | KeptCondition | KeptHashes;
/** A line before it has a number. */
export type NewLine = EventRecord | KeptLine | SegmentHeader | SnapshotEnd;

/** An intact line that this version does not understand, for example from a newer version. */
export interface OtherLine {
  readonly type: "other";
}

/** A line with its number, or 0 if this version cannot find the number. */
export interface StoredLine {
  readonly seq: number;
  readonly line: NewLine | OtherLine;
}

export function encodeStoredLine(seq: number, line: NewLine): Uint8Array {
  return encodeLine({ seq, ...line });
}

/** Decodes a line without its line feed. Returns null for a damaged line. */
export function decodeStoredLine(bytes: Uint8Array): StoredLine | null {
  const value = decodeLine(bytes);
  if (value === undefined) return null;
  if (!isObject(value)) return { seq: 0, line: { type: "other" } };
  const { seq, ...line } = value;
  return { seq: isCount(seq) ? seq : 0, line: isCount(seq) || isNewer(line) ? asKnown(line) : { type: "other" } };
}

function asKnown(line: Record<string, unknown>): NewLine | OtherLine {
  const { type } = line;
  if (isNewer(line)) return { type: "segment", format: line.format as number, created_at: 0, after_seq: 0 };
  const shape = typeof type === "string" && Object.hasOwn(shapes, type) ? shapes[type as NewLine["type"]] : null;
  const isKnown = shape !== null && Object.entries(shape).every(([key, isValid]) => isValid(line[key]));
  return isKnown ? (line as unknown as NewLine) : { type: "other" };
}

/** Whether a line is the header of a newer format, which may lack any other field. */
function isNewer({ type, format }: Record<string, unknown>): boolean {
  return type === "segment" && isNumber(format) && format > EVENTS_FORMAT;
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isTextOrNull: Check = (value) => value === null || typeof value === "string";
const isTextOrAbsent: Check = (value) => value === undefined || typeof value === "string";
const isNumberOrAbsent: Check = (value) => value === undefined || isNumber(value);
const oneOf =
  (...values: string[]): Check =>
  (value) =>
    values.includes(value as string);

/** Fields that other code relies on. A line with a valid checksum may still come from another version. */
const shapes: Record<NewLine["type"], Record<string, Check>> = {
  segment: { format: isCount, created_at: isNumber, after_seq: isCount },
  event: {
    id: isText,
    trigger: isText,
    at: isNumber,
    topic: isTextOrAbsent,
    identity: isTextOrAbsent,
    identity_until: isNumberOrAbsent,
    reached: (value) => value === undefined || isReached(value),
    dedupe: (value) => value === undefined || (isObject(value) && isText(value.hash) && isNumber(value.until)),
  },
  repeated: { trigger: isText, count: isCount, at: isNumber },
  dropped: { trigger: isText, count: isCount, at: isNumber },
  checked: {
    event: isText,
    verdict: oneOf("met", "not-met", "waits"),
    reason: isText,
    until: isNumberOrAbsent,
  },
  act: {
    event: isText,
    key: isText,
    kind: oneOf("tool", "sentence", "message"),
    tool: isTextOrNull,
    try: isCount,
    at: isNumber,
  },
  "act-result": { event: isText, key: isText, outcome: isText, content: isText, at: isNumber },
  "try-failed": { event: isText, try: isCount, problem: isText, next_at: isNumber, at: isNumber },
  answer: { event: isText, index: isCount, problem: isTextOrNull, at: isNumber },
  end: { event: isText, outcome: isText, tries: isCount, result: isText, at: isNumber },
  schedule: { trigger: isText, rule: isText, through: isNumber },
  trigger: {
    trigger: isText,
    counts: (value) => isObject(value) && Object.values(value).every(isCount),
    last_end: (value) => value === null || isObject(value),
    schedule: (value) => value === null || isReached(value),
  },
  condition: { trigger: isText, topic: isTextOrNull },
  hashes: {
    trigger: isText,
    hashes: (value) =>
      Array.isArray(value) &&
      value.every((entry) => Array.isArray(entry) && isText(entry[0]) && isNumber(entry[1]) && isText(entry[2])),
  },
  "snapshot-end": { lines: isCount },
};

function isReached(value: unknown): boolean {
  return isObject(value) && isText(value.rule) && isNumber(value.through);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
