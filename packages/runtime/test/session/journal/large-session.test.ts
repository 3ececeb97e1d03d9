import { spawnSync } from "node:child_process";
import { readdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { MAX_HISTORY_BYTES } from "../../../src/session/history.js";
import { encodeRecord, JOURNAL_FORMAT } from "../../../src/session/journal/journal-record.js";
import { segmentPath } from "../../../src/session/journal/segment.js";
import { SEGMENT_BYTES } from "../../../src/session/journal/segment-log.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { MemoryDisk } from "./memory-disk.js";
import { folder, openOn, turn } from "./sample-turns.js";

const MB = 2 ** 20;

const turns = process.env.NANOAGENT_SOAK ? 500_000 : 50_000;

test(`a session of ${2 * turns} messages opens and is read in little time and memory`, async () => {
  const dir = await temporaryFolder();
  await writeSegments(dir, turns);
  const program = fileURLToPath(new URL("./open-large.mjs", import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [program, dir], { encoding: "utf8" });
  expect(stderr).toBe("");
  const result = JSON.parse(stdout);
  if (process.env.NANOAGENT_SOAK) process.stdout.write(`${stdout}\n`);
  expect(result).toMatchObject({ messages: 2 * turns + 2, reply: "Hello from old-hand! How can I assist?" });
  expect(result.held / 2 + result.droppedTurns).toBe(turns + 1);
  expect(result.held).toBeGreaterThan(MAX_HISTORY_BYTES / 1000);
  expect(result.openBytes).toBeLessThan(30 * MB);
  expect(result.loadBytes).toBeLessThan(40 * MB);
  expect(result.readBytes).toBeLessThan(90 * MB);
  // The limit is one second; an idle machine needs a tenth of it. A busy machine must not fail the test.
  expect(result.openMilliseconds).toBeLessThan(10_000);
}, 300_000);

test("24 hours with a turn every minute: amount and number of writes, and size on disk", async () => {
  const disk = new MemoryDisk();
  let now = Date.parse("2026-03-01T00:00:00Z");
  const journal = await openOn(disk, { now: () => now });
  const perTurn: number[] = [];
  let saidBytes = 0;
  for (let minute = 0; minute < 24 * 60; minute++) {
    const before = disk.counts.writtenBytes;
    const said = turn(`Minute ${minute}: ${"the pressure of pump three is as it was. ".repeat(5)}`);
    await journal.appendTurn(said);
    saidBytes += said.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
    perTurn.push(disk.counts.writtenBytes - before);
    now += 60_000;
  }
  const bytes = [...disk.snapshot().values()].reduce((sum, { length }) => sum + length, 0);
  // Everything is written once: the messages, and less than 300 additional bytes per turn.
  expect(disk.counts.writtenBytes).toBe(bytes);
  expect(bytes - saidBytes).toBeLessThan(300 * perTurn.length);
  expect(disk.counts.writes).toBe(24 * 60);
  expect(disk.counts.syncs).toBe(24 * 60);
  expect(disk.counts.folderSyncs).toBe((await disk.list(folder)).length);
  // The last turn costs as much as the first, plus the first record if a segment begins.
  expect(Math.max(...perTurn.slice(60))).toBeLessThan((perTurn[1] ?? 0) + 400);
  for (const { length } of disk.snapshot().values()) expect(length).toBeLessThan(MB + 2000);
});

test("an endless conversation stays within its memory and its limit on disk", async () => {
  const dir = await temporaryFolder();
  const program = fileURLToPath(new URL("./talk-for-long.mjs", import.meta.url));
  const turns = process.env.NANOAGENT_SOAK ? 864_000 : 30_000;
  // The young generation, which Node grows freely, would hide other growth.
  const node = ["--expose-gc", "--max-semi-space-size=1", program, dir, String(turns)];
  const { stdout, stderr } = spawnSync(process.execPath, node, { encoding: "utf8" });
  expect(stderr).toBe("");
  if (process.env.NANOAGENT_SOAK) process.stdout.write(`${stdout}\n`);
  const stretches: { residentBytes: number; heldBytes: number }[] = JSON.parse(stdout);
  // The history is full after the third part. From then on memory must not grow.
  const least = (key: "residentBytes" | "heldBytes", from: number, to: number) =>
    Math.min(...stretches.slice(from, to).map((stretch) => stretch[key]));
  expect(stretches).toHaveLength(10);
  expect(least("heldBytes", 7, 10) - least("heldBytes", 3, 6)).toBeLessThan(MB);
  expect(least("residentBytes", 7, 10) - least("residentBytes", 3, 6)).toBeLessThan(8 * MB);
  const sizes = await Promise.all((await readdir(dir)).map(async (name) => (await stat(path.join(dir, name))).size));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(10 * MB);
}, 300_000);

/** Writes the segments that this number of turns would leave, as if an hour lay between them. */
async function writeSegments(dir: string, turns: number): Promise<void> {
  let sequence = 0;
  for (let number = 0; number < turns; ) {
    const after_sequence = sequence;
    const file = segmentPath(dir, ++sequence);
    const counts = { turns: number, messages: 2 * number, conversation_turn: 1 };
    const header = { type: "segment" as const, sequence, format: JOURNAL_FORMAT, session: "old", created_at: "" };
    const lines = [encodeRecord({ ...header, after_sequence, ...counts })];
    for (let bytes = 0; bytes < SEGMENT_BYTES && number < turns; number++) {
      const messages = turn(`Reading ${number} of pump three.`);
      const line = encodeRecord({ type: "turn", sequence: ++sequence, turn: number + 1, messages });
      bytes += line.length;
      lines.push(line);
    }
    await writeFile(file, Buffer.concat(lines));
  }
}
