import fc from "fast-check";
import { expect, test } from "vitest";
import { BegunTurns } from "../../src/page/begun-turns.js";
import { emptyContent, newConversationId, readContent, writeContent } from "../../src/page/index-content.js";
import type { PageTurn } from "../../src/page/page-events.js";
import { newTurn } from "../../src/page/reduce-turn.js";

const conversation = newConversationId();
const at = "2026-01-01T00:00:00.000Z";
const begin = (message: string): PageTurn => newTurn({ id: crypto.randomUUID(), message, at }).turn;

/** A turn of a journal, which was cut off. */
const stored = (message: string, time: string) => ({ message, at: time, state: "stopped" as const });

/** The turns after the program ended at this moment, and began again. */
function restarted(turns: BegunTurns): BegunTurns {
  const content = readContent(writeContent({ ...emptyContent, ...turns.content }));
  if (typeof content === "string") throw new Error(content);
  const next = new BegunTurns();
  next.restore(content);
  return next;
}

test("an interrupted turn stays so over several starts, and gets the place that a journal has for it", () => {
  let turns = new BegunTurns();
  const turn = begin("hello");
  turns.begin(conversation, turn);
  expect(turns.missingFrom(conversation)).toEqual([]);
  for (let time = 0; time < 3; time++) turns = restarted(turns);
  expect(turns.missingFrom(conversation)).toMatchObject([{ id: turn.id, state: "failed" }]);
  expect(turns.recognize(conversation, stored("hello", "2025-12-31T00:00:00.000Z"), new Set())).toBeNull();
  expect(turns.recognize(newConversationId(), stored("hello", at), new Set())).toBeNull();
  expect(turns.recognize(conversation, stored("hello", at), new Set([turn.id]))).toBeNull();
  expect(turns.recognize(conversation, stored("hello", at), new Set())).toEqual({ id: turn.id, end: null });
  turns.noteStored({ ...turn, state: "stopped" });
  expect([turns.missingFrom(conversation), turns.has(conversation)]).toEqual([[], false]);
  expect(restarted(turns).recognize(conversation, stored("anything", at), new Set())).toEqual({
    id: turn.id,
    end: null,
  });
  turns.forget(conversation);
  expect(turns.find(turn.id)).toBeNull();
});

test("a turn that failed does not get the place of a later one with the same message", () => {
  const turns = new BegunTurns();
  const turn = begin("hello");
  turns.begin(conversation, turn);
  turns.end(conversation, { ...turn, state: "failed", error: { message: "Full." } }, null);
  expect(turns.recognize(conversation, { ...stored("hello", at), state: "done" }, new Set())).toBeNull();
  expect(restarted(turns).missingFrom(conversation)).toMatchObject([{ id: turn.id, error: { message: "Full." } }]);
});

test("a turn of a journal keeps its end over several starts", () => {
  let turns = new BegunTurns();
  const failed = { ...begin("hello"), state: "failed" as const, error: { message: "x".repeat(3000) } };
  const done = { ...begin("hello"), state: "done" as const };
  turns.end(conversation, failed, at);
  turns.end(conversation, done, "2026-01-02T00:00:00.000Z");
  for (let time = 0; time < 3; time++) turns = restarted(turns);
  const end = { state: "failed", error: { message: "x".repeat(2000) } };
  expect(turns.recognize(conversation, stored("hello", at), new Set())).toEqual({ id: failed.id, end });
  expect(turns.recognize(conversation, stored("hello", "2026-01-02T00:00:00.000Z"), new Set())).toEqual({
    id: done.id,
    end: null,
  });
});

test("of too many or too long messages, the oldest that have ended go first", () => {
  const turns = new BegunTurns();
  const running = begin("x".repeat(262_144));
  turns.begin(conversation, running);
  const failed = Array.from({ length: 40 }, (_one, index) => begin(String(index)));
  for (const turn of failed) turns.end(conversation, { ...turn, state: "failed" }, null);
  expect(turns.missingFrom(conversation).map(({ message }) => message)).toEqual(
    failed.slice(-31).map(({ message }) => message),
  );
  expect(turns.find(running.id)).toBe(conversation);
  for (let count = 0; count < 3; count++) turns.begin(conversation, begin("y".repeat(250_000)));
  expect(turns.missingFrom(conversation)).toHaveLength(28);
  turns.begin(conversation, begin("z".repeat(250_000)));
  expect(turns.missingFrom(conversation)).toEqual([]);
  expect(turns.content.unfinished.map(({ message }) => message[0])).toEqual(["y", "y", "y", "z"]);
});

test("what is written is always read again, within the limit of the file", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.string({ unit: "binary", maxLength: 50 }),
          fc.constantFrom("failed", "stopped", "done", null),
          fc.nat(20_000),
          fc.boolean(),
        ),
        { maxLength: 200 },
      ),
      (events) => {
        const turns = new BegunTurns();
        for (const [text, state, length, isKept] of events) {
          const turn = begin(`${text}${"\u0001".repeat(length)}`);
          const error = state === "failed" ? { message: turn.message } : null;
          turns.begin(conversation, turn);
          if (state !== null) turns.end(conversation, { ...turn, state, error }, isKept ? at : null);
        }
        const text = writeContent({ ...emptyContent, ...turns.content });
        expect(new TextEncoder().encode(text).byteLength).toBeLessThan(3 * 1024 * 1024);
        const content = readContent(text);
        expect(content).toEqual({ ...emptyContent, ...turns.content });
      },
    ),
    { numRuns: 20 },
  );
});
