import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { retryPause } from "../../src/device/retry-pause.js";
import { readUpdateRecord, writeUpdateRecord } from "../../src/device/update-record.js";

const hash = "a".repeat(64);
const empty = { message: null, handled: null };

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "update-record-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test("a record survives a restart", async () => {
  const folder = await makeFolder();
  const at = new Date().toISOString();
  const message = {
    format: 1,
    sequence: 3,
    manifest_sha256: hash,
    state: "applied",
    reason: null,
    progress: null,
    at,
  } as const;
  const record = { message, handled: { manifest_sha256: hash, conditions: "those" } };
  await writeUpdateRecord(folder, record);
  expect(await readUpdateRecord(folder)).toEqual(record);
  // A step that was told last is not the state of anything after a restart.
  await writeUpdateRecord(folder, { ...record, message: { ...message, state: "proving" } });
  expect((await readUpdateRecord(folder)).message).toBeNull();
});

test("a missing or damaged file is an empty record", async () => {
  const folder = await makeFolder();
  expect(await readUpdateRecord(folder)).toEqual(empty);
  expect(await readUpdateRecord(path.join(folder, "missing"))).toEqual(empty);
  const file = path.join(folder, "update.json");
  for (const text of [
    "",
    "{",
    "null",
    "[]",
    '{"message":1,"handled":[]}',
    `{"handled":{"manifest_sha256":"${hash}"}}`,
  ]) {
    await writeFile(file, text);
    expect(await readUpdateRecord(folder)).toEqual(empty);
  }
  await fc.assert(
    fc.asyncProperty(fc.json(), async (text) => {
      await writeFile(file, text);
      await readUpdateRecord(folder);
    }),
    { numRuns: 50 },
  );
});

test("pauses grow from a minute to an hour", () => {
  expect([1, 2, 3, 7, 100].map((tries) => retryPause(tries, 0))).toEqual([
    60_000, 120_000, 240_000, 3_600_000, 3_600_000,
  ]);
  expect(retryPause(1, 1)).toBe(48_000);
});
