import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { folderNameOf, randomFolderName } from "../../src/conversations/conversation-folder.js";

test.each(["chat-1", "a", "01jd_x", "9f1c2d3e-4b5a-6978-8899-aabbccddeeff"])("%s is its own name", (id) => {
  expect(folderNameOf(id)).toBe(id);
});

test.each([
  "",
  ".",
  "..",
  "../etc",
  "/etc/passwd",
  "a/b",
  "a\\b",
  "C:\\x",
  "nul",
  "Chat-1",
  "chat 1",
  "-x",
  "x.",
  "quarantine",
  "engine-state",
  "caf\u00e9",
  "a\0b",
  "x".repeat(65),
  "x".repeat(100_000),
  "chat-1-0123456789abcdef",
  randomFolderName(),
])("the id %j gets a safe name of its own", (id) => {
  expect(folderNameOf(id)).toMatch(/^[a-z0-9][a-z0-9_-]*-[0-9a-f]{16}$/);
  expect(folderNameOf(id).length).toBeLessThanOrEqual(64);
  expect(folderNameOf(id)).not.toBe(id);
});

test("different ids have different names inside the folder, also on systems that ignore case", () => {
  const id = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.constantFrom("A", "a", "a-b", "A-b", "a/b", "a b"),
  );
  fc.assert(
    fc.property(id, id, (one, other) => {
      const [name, otherName] = [folderNameOf(one), folderNameOf(other)];
      expect(name === otherName).toBe(one === other);
      expect(name.toLowerCase()).toBe(name);
      expect(path.dirname(path.resolve("/sessions", name))).toBe("/sessions");
    }),
    { numRuns: 1000 },
  );
});

test("random names are unique, and no id has one", () => {
  const name = randomFolderName();
  expect(name).toMatch(/^conversation-[0-9a-f]{32}$/);
  expect(randomFolderName()).not.toBe(name);
  expect(folderNameOf(name)).not.toBe(name);
});
