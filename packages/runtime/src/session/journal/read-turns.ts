import type { JournalFiles } from "./journal-files.js";
import type { JournalMessage, TurnRecord } from "./journal-record.js";
import type { MissingTurns } from "./journal-report.js";
import { listSegments, readHeader, readSegment, type Segment } from "./segment.js";
import { TurnGaps } from "./turn-gaps.js";

/** A turn in the journal. */
export interface JournalTurn {
  turn: number;
  messages: readonly JournalMessage[];
  /**
   * Whether the turn failed, or the program ended, after a tool was called. The journal then added the last message.
   */
  interrupted: boolean;
  /** Whether this is the first turn of a conversation. */
  begins_conversation: boolean;
}

export interface ReadTurnsOptions {
  /** Number of the first turn to read. Default: the oldest. */
  from?: number | undefined;
  /** Number of the last record to read. Default: all that are not void. */
  through?: number | undefined;
  /** Called for every damaged place. Damage is skipped. */
  onDamage?: ((segment: Segment, offset: number, bytes: number) => void) | undefined;
  /** Called for an empty file, or one that ends in an unfinished write of this length, which may be in progress. */
  onTorn?: ((segment: Segment, bytes: number) => void) | undefined;
  /** Called for every valid record that this version does not understand. Such records are skipped. */
  onUnknown?: (() => void) | undefined;
  /** Called for counted turns that are in no segment, after the turns around them were read. */
  onMissing?: ((missing: MissingTurns) => void) | undefined;
}

/**
 * Reads all turns of a folder, oldest first, in constant memory. Changes nothing, so another program may write at the
 * same time. Damage is skipped.
 */
export async function* readTurns(
  files: JournalFiles,
  folder: string,
  { from = 1, through = Number.POSITIVE_INFINITY, onDamage, onTorn, onUnknown, onMissing }: ReadTurnsOptions = {},
): AsyncGenerator<JournalTurn, void> {
  const segments = await listSegments(files, folder);
  let sequence = 0;
  let beginsConversation = true;
  const gaps = new TurnGaps(from - 1, true, (missing) => onMissing?.(missing));
  for (let index = await segmentOf(files, segments, from); index < segments.length; index++) {
    const segment = segments[index] as Segment;
    const voidAfter = Math.min(through, await voidAfterOf(files, segments, index));
    for await (const record of readRecords(files, segment, { onDamage, onTorn })) {
      if (record.type === "other" && record.sequence <= voidAfter) onUnknown?.();
      if (record.sequence > voidAfter || record.sequence <= sequence) continue;
      sequence = record.sequence;
      gaps.add(record);
      if (record.type === "segment") beginsConversation = record.conversation_turn > record.turns;
      else if (record.type === "conversation") beginsConversation = true;
      else if (record.type === "turn") {
        if (record.turn >= from) yield asTurn(record, beginsConversation);
        beginsConversation = false;
      }
    }
  }
  gaps.end();
}

/**
 * Reads the newest turns of the current conversation, oldest first: as many as fit `maxBytes`, and at least one. Reads
 * only the segments that contain them.
 */
export async function readNewestTurns(
  files: JournalFiles,
  folder: string,
  limits: {
    conversationTurn: number;
    /** Number of the newest turn of the session. */
    lastTurn: number;
    prunedTurns: number | undefined;
    maxBytes: number;
    costOf: (message: JournalMessage) => number;
  },
  {
    through = Number.POSITIVE_INFINITY,
    onDamage,
    onMissing,
  }: Pick<ReadTurnsOptions, "through" | "onDamage" | "onMissing"> = {},
): Promise<JournalTurn[]> {
  const { conversationTurn, lastTurn, prunedTurns, maxBytes, costOf } = limits;
  const segments = await listSegments(files, folder);
  let newest: JournalTurn[] = [];
  const notUnderstood: number[] = [];
  let spent = 0;
  let isFull = false;
  let voidAfter = through;
  for (const segment of segments.reverse()) {
    const found: { turn: JournalTurn; cost: number }[] = [];
    let foundCost = 0;
    let sequence = 0;
    let after = voidAfter;
    let firstTurn = Number.POSITIVE_INFINITY;
    for await (const record of readRecords(files, segment, { onDamage })) {
      if (record.type === "segment") {
        after = Math.min(after, record.after_sequence);
        firstTurn = record.turns + 1;
      }
      if (record.sequence > voidAfter || record.sequence <= sequence) continue;
      sequence = record.sequence;
      if (record.type === "other" && record.turn !== undefined) notUnderstood.push(record.turn.number);
      if (record.type !== "turn" || record.turn < conversationTurn) continue;
      const cost = record.messages.reduce((sum, message) => sum + costOf(message), 0);
      found.push({ turn: asTurn(record, record.turn === conversationTurn), cost });
      foundCost += cost;
      while (found.length + newest.length > 1 && spent + foundCost > maxBytes) {
        foundCost -= found.shift()?.cost ?? 0;
        isFull = true;
      }
    }
    voidAfter = after;
    newest = [...found.map(({ turn }) => turn), ...newest];
    spent += foundCost;
    if (isFull || firstTurn <= conversationTurn) break;
  }
  // The turns read are consecutive up to the newest, starting with the conversation's first or where the limit was
  // reached.
  const known = prunedTurns === undefined ? (newest[0]?.turn ?? lastTurn + 1) - 1 : prunedTurns;
  let before = isFull ? (newest[0]?.turn ?? 1) - 1 : Math.max(conversationTurn - 1, known);
  const numbers = [...newest.map(({ turn }) => turn), ...notUnderstood, lastTurn + 1].sort((one, two) => one - two);
  for (const turn of numbers) {
    if (turn > before + 1) onMissing?.({ first_turn: before + 1, last_turn: turn - 1 });
    before = Math.max(before, turn);
  }
  return newest;
}

function asTurn({ turn, messages, interrupted }: TurnRecord, beginsConversation: boolean): JournalTurn {
  return { turn, messages, interrupted: interrupted === true, begins_conversation: beginsConversation };
}

/** Reads the valid records of a segment. A segment that another program has pruned has none. */
async function* readRecords(
  files: JournalFiles,
  segment: Segment,
  { onDamage, onTorn }: Pick<ReadTurnsOptions, "onDamage" | "onTorn">,
) {
  let isEmpty = true;
  try {
    for await (const lines of readSegment(files, segment)) {
      for (const { record, offset, bytes, ended } of lines) {
        isEmpty = false;
        if (record !== null) yield record;
        // A line without a line feed may be a write in progress.
        else if (ended) onDamage?.(segment, offset, bytes);
        else onTorn?.(segment, bytes);
      }
    }
    if (isEmpty) onTorn?.(segment, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") onDamage?.(segment, 0, await sizeOf(files, segment));
  }
}

async function sizeOf(files: JournalFiles, segment: Segment): Promise<number> {
  return files.size(segment.path).catch(() => 0);
}

/** Returns the index of the segment that contains a turn: the last one that begins before it. */
async function segmentOf(files: JournalFiles, segments: readonly Segment[], turn: number): Promise<number> {
  let low = 0;
  let high = turn <= 1 ? 0 : segments.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const header = await readHeader(files, segments[middle] as Segment);
    // Without a header the position is unknown, so all earlier segments are read.
    if (header === null || header.turns >= turn) high = middle - 1;
    else low = middle;
  }
  return Math.max(0, low);
}

/** Returns the number beyond which a segment's records are void, because a later segment repeats or omits them. */
async function voidAfterOf(files: JournalFiles, segments: readonly Segment[], index: number): Promise<number> {
  for (const later of segments.slice(index + 1)) {
    const header = await readHeader(files, later);
    if (header !== null) return header.after_sequence;
  }
  return Number.POSITIVE_INFINITY;
}
