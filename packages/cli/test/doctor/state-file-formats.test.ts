import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readFileFormat } from "../../src/doctor/file-format.js";
import { newestFormats } from "../../src/doctor/sections/state-file-facts.js";
import { makeFixtures, namesIn } from "../upgrades/make-fixtures.js";

test("the newest formats that the report knows are those that the program writes", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-formats-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await makeFixtures(folder);
  // A state that was loaded and not yet confirmed is the same file with another name.
  const state = path.join(folder, "engine-state", "engine-state");
  copyFileSync(`${state}.json`, `${state}.tried`);
  const written = (await namesIn(folder)).filter((name) => path.basename(name) in newestFormats);
  const formats = written.map(async (name) => [path.basename(name), await readFileFormat(path.join(folder, name))]);
  expect(Object.fromEntries(await Promise.all(formats))).toEqual(newestFormats);
});
