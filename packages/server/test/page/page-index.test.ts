import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { isConversationId, newConversationId, PageIndex } from "../../src/page/page-index.js";
import { temporaryFolder } from "./serve-page.js";

const entry = fc.record(
  {
    id: fc.oneof(fc.constant(newConversationId()), fc.anything(), fc.string()),
    title: fc.oneof(fc.string(), fc.anything()),
    updated_at: fc.oneof(fc.constant("2026-01-01T00:00:00Z"), fc.anything(), fc.date().map(String)),
  },
  { requiredKeys: [] },
);

test("any file gives valid entries, or none", async () => {
  const dir = temporaryFolder();
  const texts = fc.oneof(
    fc.record({ format: fc.oneof(fc.constant(1), fc.anything()), conversations: fc.array(entry) }).map((value) => {
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
      for (const { id, title, updatedAt } of await new PageIndex(dir, () => {}).read()) {
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
  const list = [{ id: newConversationId(), title: "Ä “title”\u2028", updatedAt: "2026-01-01T00:00:00.000Z" }];
  writeFileSync(path.join(dir, "page.json.new"), "left by a program that ended");
  const index = new PageIndex(dir, () => {});
  void index.write([]);
  void index.write([...list, ...list]);
  await index.write(list);
  expect(await new PageIndex(dir, () => {}).read()).toEqual(list);
  expect(readdirSync(dir)).toEqual(["page.json"]);
});

test("a newer format is never written over", async () => {
  const dir = temporaryFolder();
  const file = path.join(dir, "page.json");
  writeFileSync(file, '{"format":2}');
  const log = vi.fn();
  const index = new PageIndex(dir, log);
  expect(await index.read()).toEqual([]);
  expect(index.isUsable).toBe(false);
  await index.write([]);
  expect(readFileSync(file, "utf8")).toBe('{"format":2}');
  expect(log).toHaveBeenCalledTimes(1);
});
