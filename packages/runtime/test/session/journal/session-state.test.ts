import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeRecord,
  encodeRecord,
  JOURNAL_FORMAT,
  type JournalEntry,
  type JournalRecord,
  type OtherRecord,
} from "../../../src/session/journal/journal-record.js";
import {
  applyRecord,
  findMissingTurns,
  newSession,
  openSegment,
  type SessionState,
} from "../../../src/session/journal/session-state.js";
import { message, turn } from "./sample-turns.js";

const begin = newSession("session");

/** Steps of a session. Numbers and keys depend on the state. */
type Step =
  | { do: "turn" | "conversation" | "roll" }
  | { do: "act" | "act-result"; key: number }
  | { do: "window"; summary: string | null };

const key = fc.nat(5);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step>({ do: "turn" }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("act" as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("act-result" as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("window" as const), summary: fc.option(fc.string()) }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "conversation" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "roll" }) },
);

function entriesOf(step: Step, state: SessionState): JournalEntry[] {
  const number = state.turns + 1;
  switch (step.do) {
    case "turn":
      return [{ type: "turn", turn: number, messages: turn(`turn ${number}`) }];
    case "act": {
      const call = { id: "call", name: "open-valve", arguments: { valve: step.key } };
      const messages = [{ ...message("assistant", `act ${step.key}`), tool_calls: [call] }];
      return [{ type: "act", turn: number, key: `${step.key}`, call, messages, at: "" }];
    }
    case "act-result":
      return [{ type: "act-result", key: `${step.key}`, content: `result in turn ${number}`, is_error: false }];
    case "window":
      return [{ type: "window", first_turn: number, summary: step.summary, next: null }];
    case "conversation":
      return [{ type: "conversation" }];
    case "roll":
      return openingEntries(state);
  }
}

/** Returns the first entries of a new segment. */
function openingEntries(state: SessionState, lost: readonly JournalEntry[] = []): JournalEntry[] {
  const { header, entries } = openSegment(state, lost);
  return [{ type: "segment", format: JOURNAL_FORMAT, created_at: "", after_sequence: 0, ...header }, ...entries];
}

/** Returns the state from records, as read from the file. */
function recover(entries: readonly JournalEntry[], state: SessionState = begin): SessionState {
  return entries.map((entry, index) => throughTheFile(entry, index + 1)).reduce(applyRecord, state);
}

function throughTheFile(entry: JournalEntry, sequence: number): JournalRecord | OtherRecord {
  const { type, ...rest } = entry;
  const record = decodeRecord(encodeRecord({ type, sequence, ...rest } as JournalRecord).subarray(0, -1));
  if (record === null) throw new Error(`${type} is not a record`);
  return record;
}

/** Returns the comparable parts of a state. Acts have no number here, because it differs between segments. */
function told({ openTurn, ...rest }: SessionState) {
  const entries = openTurn?.entries.map((entry) => ({ ...entry, sequence: 0 })) ?? null;
  return { ...rest, entries, unknown: openTurn?.unknownActs, end: openTurn?.end("now") };
}

/** A session: its entries, the state after each, and the position of the cut. */
const session = fc
  .record({ steps: fc.array(step, { maxLength: 40 }), cut: fc.nat(), durable: fc.nat() })
  .map(({ steps, cut, durable }) => {
    const entries: JournalEntry[] = [];
    const states = [begin];
    for (const next of steps) {
      for (const entry of entriesOf(next, states.at(-1) ?? begin)) {
        entries.push(entry);
        states.push(applyRecord(states.at(-1) ?? begin, entry));
      }
    }
    const at = cut % states.length;
    return { entries, states, at, durable: durable % (at + 1), live: states.at(-1) ?? begin };
  });

const options = { numRuns: process.env.NANOAGENT_SOAK ? 50_000 : 1000 };

describe("any session, cut anywhere", () => {
  test("is restored from its records, and from a new segment with the records after the cut", () => {
    const property = fc.property(session, ({ entries, states, at, live }) => {
      const opening = openingEntries(states[at] ?? begin);
      expect(told(recover(entries))).toEqual(told(live));
      expect(told(recover([...opening, ...entries.slice(at)]))).toEqual(told(live));
      // Also with the records before the cut, as when all segments are read.
      expect(told(recover([...entries.slice(0, at), ...opening, ...entries.slice(at)]))).toEqual(told(live));
    });
    fc.assert(property, options);
  });

  test("is restored if a segment lost its end and the next one repeats it", () => {
    const property = fc.property(session, ({ entries, states, at, durable, live }) => {
      // A new segment is synced immediately, so only records of one segment are lost.
      const header = entries.slice(0, at).findLastIndex(({ type }) => type === "segment");
      const kept = Math.max(durable, openingEnd(entries, header));
      fc.pre(kept <= at);
      const opening = openingEntries(states[at] ?? begin, entries.slice(kept, at));
      const rest = entries.slice(at);
      expect(told(recover([...opening, ...rest]))).toEqual(told(live));
      expect(told(recover([...entries.slice(0, kept), ...opening, ...rest]))).toEqual(told(live));
      expect(told(recover([...entries.slice(0, at), ...opening, ...rest]))).toEqual(told(live));
      // The new segment contains every lost turn.
      const turns = (some: readonly JournalEntry[]) => some.filter(({ type }) => type === "turn");
      expect(turns(opening)).toEqual(turns(entries.slice(kept, at)));
    });
    fc.assert(property, options);
  });

  test("has no missing turns, and reports each removed one", () => {
    const property = fc.property(session, fc.nat(), ({ entries }, choice) => {
      const missing = (some: readonly JournalEntry[]) => {
        let state = begin;
        let count = 0;
        for (const entry of some) {
          const found = findMissingTurns(state.turns, entry);
          if (found !== null) count += found.last_turn - found.first_turn + 1;
          state = applyRecord(state, entry);
        }
        return count;
      };
      expect(missing(entries)).toBe(0);
      const turns = entries.flatMap(({ type }, index) => (type === "turn" ? [index] : []));
      // The loss of the very last turn cannot be detected.
      const taken = turns[choice % turns.length];
      fc.pre(taken !== undefined && entries.slice(taken + 1).some(({ type }) => type === "turn" || type === "segment"));
      expect(missing(entries.filter((_, index) => index !== taken))).toBe(1);
    });
    fc.assert(property, options);
  });
});

test("each kind of record changes its own part of the state", () => {
  const call = { id: "call", name: "open-valve", arguments: {} };
  const question = message("user", "open");
  const start = { type: "act" as const, turn: 1, key: "a", call, messages: [question], at: "" };
  const acting = applyRecord(begin, start);
  expect(told(acting)).toMatchObject({ turns: 0, messages: 0, unknown: [{ key: "a", name: "open-valve" }] });
  const acted = applyRecord(acting, { type: "act-result", key: "a", content: "open", is_error: false });
  expect(acted.openTurn?.messages).toEqual([question]);
  expect(acted.openTurn?.unknownActs).toEqual([]);
  const ended = applyRecord(acted, { type: "turn", turn: 1, messages: turn("one") });
  expect(ended).toEqual({ ...begin, turns: 1, messages: 2 });
  const window = { first_turn: 1, summary: "One.", next: null };
  const shown = applyRecord(ended, { type: "window", ...window });
  expect(shown).toEqual({ ...ended, window });
  expect(applyRecord(shown, { type: "conversation" })).toEqual({ ...ended, conversation_turn: 2 });
  expect(applyRecord(shown, { type: "other" })).toBe(shown);
  const header = { session: "other", turns: 7, messages: 15, conversation_turn: 3 };
  const segment = { type: "segment" as const, format: JOURNAL_FORMAT, created_at: "", after_sequence: 9, ...header };
  expect(applyRecord(shown, segment)).toEqual({ ...shown, ...header, prunedTurns: undefined });
  expect([findMissingTurns(shown.turns, segment), findMissingTurns(begin.turns, segment)]).toEqual([
    { first_turn: 2, last_turn: 7 },
    { first_turn: 1, last_turn: 7 },
  ]);
});

test("applying a record does not modify the old state", () => {
  const property = fc.property(session, ({ entries }) => {
    let state = begin;
    for (const entry of entries) {
      const before = structuredClone(told(state));
      const next = applyRecord(state, entry);
      expect(told(state)).toEqual(before);
      state = next;
    }
  });
  fc.assert(property, options);
});

/** Returns the index after the repeated entries that follow a segment's header. */
function openingEnd(entries: readonly JournalEntry[], header: number): number {
  if (header < 0) return 0;
  const state = entries.slice(0, header).reduce(applyRecord, begin);
  return header + openingEntries(state).length;
}
