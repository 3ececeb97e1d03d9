import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { emptyContent, isConversationId, newConversationId } from "../../src/page/index-content.js";
import { PageIndex } from "../../src/page/page-index.js";
import { isTurnId } from "../../src/page/turn-id.js";
import { temporaryFolder } from "./serve-page.js";

const entry = fc.record(
  {
    id: fc.oneof(fc.constant(newConversationId()), fc.anything(), fc.string()),
    title: fc.oneof(fc.string(), fc.anything()),
    updated_at: fc.oneof(fc.constant("2026-01-01T00:00:00Z"), fc.anything(), fc.date().map(String)),
  },
  { requiredKeys: [] },
);

const begun = fc.record(
  {
    conversation: fc.oneof(fc.constant(newConversationId()), fc.anything()),
    turn: fc.oneof(fc.constant(crypto.randomUUID() as string), fc.anything()),
    at: fc.oneof(fc.constant("2026-01-01T00:00:00Z"), fc.anything()),
    message: fc.oneof(fc.string(), fc.anything()),
    state: fc.oneof(fc.constantFrom("failed", "stopped", "done"), fc.anything()),
    error: fc.oneof(fc.string(), fc.anything()),
  },
  { requiredKeys: [] },
);

test("any file gives valid entries, or none", async () => {
  const dir = temporaryFolder();
  const texts = fc.oneof(
    fc
      .record({
        format: fc.oneof(fc.constant(1), fc.anything()),
        conversations: fc.array(entry),
        unfinished: fc.oneof(fc.array(begun), fc.anything()),
        turns: fc.oneof(fc.array(begun), fc.anything()),
      })
      .map((value) => {
        try {
          return JSON.stringify(value);
        } catch {
          return "{";
        }
      }),
    fc.json(),
    fc.string({ unit: "binary" }),
  );
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      writeFileSync(path.join(dir, "page.json"), text);
      const { entries, unfinished, named } = await new PageIndex(dir, () => {}).read();
      for (const { conversation, turn, at } of [...unfinished, ...named]) {
        expect([isConversationId(conversation), isTurnId(turn), new Date(at).toISOString()]).toEqual([true, true, at]);
      }
      for (const { message } of unfinished) expect(typeof message).toBe("string");
      for (const { end } of [...unfinished, ...named]) expect([undefined, "failed", "stopped"]).toContain(end?.state);
      const turns = [...unfinished, ...named].map(({ turn }) => turn);
      expect(new Set(turns).size).toBe(turns.length);
      expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
      for (const { id, title, updatedAt } of entries) {
        expect(isConversationId(id)).toBe(true);
        expect(title.length).toBeLessThanOrEqual(200);
        expect(new Date(updatedAt).toISOString()).toBe(updatedAt);
      }
    }),
    { numRuns: 200 },
  );
});

test("a written list is read again, and no other file is left", async () => {
  const dir = temporaryFolder();
  const at = "2026-01-01T00:00:00.000Z";
  const entries = [{ id: newConversationId(), title: "Ä “title”\u2028", updatedAt: at }];
  const conversation = newConversationId();
  const one = () => ({ conversation, turn: crypto.randomUUID(), at, end: null });
  const content = {
    entries,
    unfinished: [
      { ...one(), message: "\ud800 \n", end: null },
      { ...one(), message: "x", end: { state: "stopped" as const, error: null } },
      { ...one(), message: "x", end: { state: "failed" as const, error: { message: "Full." } } },
    ],
    named: [
      one(),
      { ...one(), end: { state: "stopped" as const, error: null } },
      { ...one(), end: { state: "failed" as const, error: { message: "Full." } } },
    ],
  };
  writeFileSync(path.join(dir, "page.json.new"), "left by a program that ended");
  const index = new PageIndex(dir, () => {});
  void index.write(emptyContent);
  void index.write({ ...content, entries: [...entries, ...entries] });
  await index.write(content);
  expect(await new PageIndex(dir, () => {}).read()).toEqual(content);
  expect(readdirSync(dir)).toEqual(["page.json"]);
});

test("of entries and turns with the same id, the first is read", async () => {
  const dir = temporaryFolder();
  const at = "2026-01-01T00:00:00.000Z";
  const id = newConversationId();
  const [lost, kept] = [crypto.randomUUID(), crypto.randomUUID()];
  const content = {
    format: 1,
    conversations: ["One", "Two"].map((title) => ({ id, title, updated_at: at })),
    unfinished: ["first", "second"].map((message) => ({ conversation: id, turn: lost, at, message })),
    turns: [kept, lost, kept].map((turn) => ({ conversation: id, turn, at })),
  };
  writeFileSync(path.join(dir, "page.json"), JSON.stringify(content));
  expect(await new PageIndex(dir, () => {}).read()).toEqual({
    entries: [{ id, title: "One", updatedAt: at }],
    unfinished: [{ conversation: id, turn: lost, at, message: "first", end: null }],
    named: [{ conversation: id, turn: kept, at, end: null }],
  });
});

test("folders in the place of the files do not keep the list from being written", async () => {
  const dir = temporaryFolder();
  for (const name of ["page.json", "page.json.new"]) {
    mkdirSync(path.join(dir, name));
    writeFileSync(path.join(dir, name, "notes.txt"), name);
  }
  const log = vi.fn();
  const index = new PageIndex(dir, log);
  expect(await index.read()).toEqual(emptyContent);
  const entries = [{ id: newConversationId(), title: "t", updatedAt: "2026-01-01T00:00:00.000Z" }];
  await index.write({ ...emptyContent, entries });
  expect((await new PageIndex(dir, () => {}).read()).entries).toEqual(entries);
  const names = readdirSync(dir).toSorted();
  expect(names).toEqual(["page.json", expect.stringMatching(/^page\.json\.damaged-\d+$/)]);
  expect(readFileSync(path.join(dir, names[1] as string, "notes.txt"), "utf8")).toBe("page.json");
  expect(log).toHaveBeenLastCalledWith(
    expect.objectContaining({ event: "page-index-damaged", message: expect.stringContaining(names[1] as string) }),
  );
});

test("a list that cannot be written says what is lost", async () => {
  const dir = temporaryFolder();
  const log = vi.fn();
  const index = new PageIndex(dir, log);
  rmSync(dir, { recursive: true });
  await index.write(emptyContent);
  await index.write(emptyContent);
  expect(log).toHaveBeenCalledTimes(2);
  expect(log).toHaveBeenLastCalledWith(
    expect.objectContaining({
      event: "page-index-not-saved",
      message: expect.stringContaining("messages without a reply are lost"),
    }),
  );
});

test("a newer format is never written over", async () => {
  const dir = temporaryFolder();
  const file = path.join(dir, "page.json");
  writeFileSync(file, '{"format":2}');
  const log = vi.fn();
  const index = new PageIndex(dir, log);
  expect(await index.read()).toEqual(emptyContent);
  expect(index.isUsable).toBe(false);
  await index.write(emptyContent);
  expect(readFileSync(file, "utf8")).toBe('{"format":2}');
  expect(log).toHaveBeenCalledTimes(1);
});
