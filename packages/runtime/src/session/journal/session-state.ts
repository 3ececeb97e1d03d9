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
 * The state of a session, computed from its records. The running journal and the recovery both use {@link applyRecord},
 * so that a restart finds the same state. Immutable: each record creates a new state.
 */
export interface SessionState extends Readonly<JournalSnapshot> {
  /** The session's name. */
  readonly session: string;
  /** The part of the conversation that the engine saw last, or null if none was recorded. */
  readonly window: JournalWindow | null;
  /** The turn that has recorded acts but no end, or null between turns. */
  readonly openTurn: OpenTurn | null;
  /** Number of the last turn that was removed on purpose, or undefined if none was recorded. */
  readonly prunedTurns: number | undefined;
}

/** Returns the state before any record. */
export function newSession(session: string): SessionState {
  return { session, turns: 0, messages: 0, conversation_turn: 1, window: null, openTurn: null, prunedTurns: 0 };
}

/** Returns the state after a record. */
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
      // Earlier records may be lost, so this record's counts replace the computed ones.
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

/** Returns the number of the turn in a record, even one that is not understood, or null for other records. */
export function turnOf(record: JournalEntry | WithoutSequence<OtherRecord>): number | null {
  return record.type === "turn" ? record.turn : record.type === "other" ? (record.turn?.number ?? null) : null;
}

/** Returns the turns missing between this turn number and the next record, or null. */
export function findMissingTurns(
  turns: number,
  record: JournalEntry | WithoutSequence<OtherRecord>,
): MissingTurns | null {
  const first_turn = turns + 1;
  const last_turn = record.type === "segment" ? record.turns : (turnOf(record) ?? 0) - 1;
  return first_turn <= last_turn ? { first_turn, last_turn } : null;
}

/**
 * Returns the first entries of a new segment, which restore the state without earlier segments. `lost` are entries of
 * this state that the previous segment may not have saved. Those that readers need follow the header, whose counts
 * exclude them.
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
