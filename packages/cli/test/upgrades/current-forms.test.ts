import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { fixturesOf } from "./fixture-copy.js";
import { makeFixtures, namesIn } from "./make-fixtures.js";

/** Newest version whose files have the forms that the sources write. */
const VERSION = "0.1.0";

/** Returns the keys of a JSON text with their types; of lists the form of their first item. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  // Some facts are texts on one machine and unknown on another.
  if (value === null || typeof value === "string") return "text or null";
  if (typeof value !== "object") return typeof value;
  const entries = Object.entries(value).map(([key, item]) => [key, key === "format" ? item : shapeOf(item)]);
  return Object.fromEntries(entries);
}

/** Returns the forms of all JSON files and lines in a folder, by name. */
function shapesIn(folder: string, names: readonly string[]): Record<string, unknown> {
  const json = names.filter((name) => /\.(?:jsonl?|claim|nanoagent-blocks)$/.test(name));
  return Object.fromEntries(
    json.map((name) => {
      const text = readFileSync(path.join(folder, name), "utf8");
      if (name.endsWith(".json")) return [name, shapeOf(JSON.parse(text))];
      const lines = text.split("\n").filter((line) => /^\s*[{["]/.test(line));
      return [name, lines.map((line) => shapeOf(JSON.parse(line)))];
    }),
  );
}

test(`the files that are written have the forms of ${VERSION}, whose files are kept here`, async () => {
  const given = process.env.NANOAGENT_FIXTURES;
  const folder = given ?? mkdtempSync(path.join(tmpdir(), "nanoagent-forms-"));
  if (given === undefined) onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await makeFixtures(folder);
  const [written, kept] = [await namesIn(folder), await namesIn(fixturesOf(VERSION))];
  expect(written).toEqual(kept);
  expect(shapesIn(folder, written)).toEqual(shapesIn(fixturesOf(VERSION), kept));
});
