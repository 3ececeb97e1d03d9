import { mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { walkFolder } from "../../src/files/walk-folder.js";
import { temporaryFolder, write } from "../store/store-fixture.js";

test("files and links are listed by path, down to the given depth", async () => {
  const folder = temporaryFolder();
  for (const file of ["b", "a/c", "a/d/e", "a/d/f/g"]) write(path.join(folder, file), "");
  symlinkSync(folder, path.join(folder, "loop"));
  const walk = async (depth: number) =>
    (await walkFolder(folder, depth, { entriesLeft: 100 })).map(({ relative, isLink }) => [relative, isLink]);
  expect(await walk(1)).toEqual([
    ["b", false],
    ["loop", true],
  ]);
  expect(await walk(3)).toEqual([
    ["a/c", false],
    ["a/d/e", false],
    ["b", false],
    ["loop", true],
  ]);
  expect(await walk(4)).toHaveLength(5);
});

test("a walk ends with its budget, which several walks share", async () => {
  const folder = temporaryFolder();
  for (let number = 0; number < 30; number += 1) write(path.join(folder, `${number}`), "");
  const budget = { entriesLeft: 40 };
  expect(await walkFolder(folder, 1, budget)).toHaveLength(30);
  expect(await walkFolder(folder, 1, budget)).toHaveLength(10);
  expect(await walkFolder(folder, 1, budget)).toHaveLength(0);
});

test("a missing folder and an empty one have no files", async () => {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, "empty"));
  expect(await walkFolder(folder, 3, { entriesLeft: 5 })).toEqual([]);
  expect(await walkFolder(path.join(folder, "missing"), 3, { entriesLeft: 5 })).toEqual([]);
});
