import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { mayReadWholeJournal } from "../../src/service/journal-access.js";

function makeJournal(): { folder: string; file: string } {
  const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-journal-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "4f1c", "system.journal");
  mkdirSync(path.dirname(file));
  writeFileSync(file, "");
  return { folder, file };
}

test("a journal that can be read, or that does not exist, hides nothing", async () => {
  const { folder, file } = makeJournal();
  expect(await mayReadWholeJournal([folder])).toBe(true);
  rmSync(file);
  expect(await mayReadWholeJournal([folder, path.join(folder, "other")])).toBe(true);
});

// Root may read every file.
test.skipIf(process.platform === "win32" || process.getuid?.() === 0)("a closed journal hides lines", async () => {
  const { folder, file } = makeJournal();
  chmodSync(file, 0);
  expect(await mayReadWholeJournal([folder])).toBe(false);
});
