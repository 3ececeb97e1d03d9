import type {
  JournalEntry,
  JournalSnapshot,
  JournalWindow,
  OtherRecord,
  SegmentOpening,
  WithoutSequence,
} from "./journal-record.js";
import type { MissingTurns } from "./journal-report.js";
import { OpenTurn } from "./open-turn.js";

/**
 * The state of a session, as its records tell it. The running journal and the recovery both get it from
 * {@link applyRecord}, so that a restart finds what the program had. It never changes: each record makes a new state.
 */
export interface SessionState extends Readonly<JournalSnapshot> {
  /** The session's name. */
  readonly session: string;
  /** The part of the conversation that the engine saw last; null where no record tells. */
  readonly window: JournalWindow | null;
  /** The turn whose acts are on record and whose end is not; null between turns. */
  readonly openTurn: OpenTurn | null;
  /** Number of the last turn that was removed on purpose; undefined where no record tells. */
  readonly prunedTurns: number | undefined;
}

/** The state before any record. */
export function newSession(session: string): SessionState {
  return { session, turns: 0, messages: 0, conversation_turn: 1, window: null, openTurn: null, prunedTurns: 0 };
}

/** The state after a record. */
export function applyRecord(state: SessionState, record: JournalEntry | WithoutSequence<OtherRecord>): SessionState {
  switch (record.type) {
    case "turn": {
      const turns = Math.max(state.turns, record.turn);
      return { ...state, turns, messages: state.messages + record.messages.length, openTurn: null };
    }
    case "act":
      return { ...state, openTurn: (state.openTurn ?? new OpenTurn()).withAct(record) };
    case "act-result":
      return { ...state, openTurn: state.openTurn?.withResult(record) ?? null };
    case "conversation":
      return { ...state, conversation_turn: state.turns + 1, window: null };
    case "window": {
      const { first_turn, summary, next } = record;
      return { ...state, window: { first_turn, summary, next } };
    }
    case "segment": {
      // Records before this one may be lost, so its counts replace those that were read.
      const { session, turns, messages, conversation_turn, pruned_turns: prunedTurns } = record;
      return { ...state, session, turns, messages, conversation_turn, prunedTurns };
    }
    case "pruned":
      return { ...state, prunedTurns: Math.max(state.prunedTurns ?? 0, record.through_turn) };
    case "other": {
      const { turn } = record;
      if (turn === undefined) return state;
      const turns = Math.max(state.turns, turn.number);
      return { ...state, turns, messages: state.messages + turn.messages, openTurn: null };
    }
  }
}

/** The number of the turn that a record is, whether it is understood or not; null for the other records. */
export function turnOf(record: JournalEntry | WithoutSequence<OtherRecord>): number | null {
  return record.type === "turn" ? record.turn : record.type === "other" ? (record.turn?.number ?? null) : null;
}

/** The turns that are missing between the turn of this number and the next record; null where none are. */
export function findMissingTurns(
  turns: number,
  record: JournalEntry | WithoutSequence<OtherRecord>,
): MissingTurns | null {
  const first_turn = turns + 1;
  const last_turn = record.type === "segment" ? record.turns : (turnOf(record) ?? 0) - 1;
  return first_turn <= last_turn ? { first_turn, last_turn } : null;
}

/**
 * The entries that a new segment begins with, so that it tells the state without the segments before it. `lost` are
 * entries that this state contains and the segment before may not keep: those that readers need follow the header, whose
 * counts then leave them out.
 */
export function openSegment(state: SessionState, lost: readonly JournalEntry[] = []): SegmentOpening {
  const repeated = lost.filter(({ type }) => type === "turn" || type === "conversation");
  const { session, conversation_turn, window, openTurn, prunedTurns } = state;
  let { turns, messages } = state;
  for (const entry of repeated) {
    if (entry.type !== "turn") continue;
    turns = Math.min(turns, entry.turn - 1);
    messages -= entry.messages.length;
  }
  return {
    header: {
      session,
      turns,
      messages,
      conversation_turn,
      ...(prunedTurns === undefined ? {} : { pruned_turns: prunedTurns }),
    },
    entries: [...repeated, ...(openTurn?.entries ?? []), ...windowEntry(window)],
  };
}

function windowEntry(window: JournalWindow | null): JournalEntry[] {
  return window === null ? [] : [{ type: "window", ...window }];
}
