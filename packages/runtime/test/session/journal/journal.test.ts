import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { Journal } from "../../../src/session/journal/journal.js";
import { localFiles } from "../../../src/session/journal/journal-files.js";
import { describeReport } from "../../../src/session/journal/journal-report.js";
import { BATCH_TURNS } from "../../../src/session/journal/segment-log.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { MemoryDisk } from "./memory-disk.js";
import { allMessages, folder, message, openOn, questions, turn } from "./sample-turns.js";

const call = { id: "call-1", name: "open-valve", arguments: { valve: 3 } };
const asked = [message("user", "open valve 3"), { ...message("assistant", ""), tool_calls: [call] }];

describe("a turn", () => {
  test("takes one write and one sync; a new segment also takes one sync of its folder", async () => {
    const disk = new MemoryDisk();
    const journal = await openOn(disk);
    expect(disk.counts).toEqual({ writes: 0, writtenBytes: 0, syncs: 0, folderSyncs: 0 });
    await journal.appendTurn(turn("one"));
    expect(disk.counts).toMatchObject({ writes: 1, syncs: 1, folderSyncs: 1 });
    for (let number = 2; number <= 50; number++) await journal.appendTurn(turn(`turn ${number}`));
    expect(disk.counts).toMatchObject({ writes: 50, syncs: 50, folderSyncs: 1 });
  });

  test("with an act takes one more sync before the call, and none after it", async () => {
    const disk = new MemoryDisk();
    const journal = await openOn(disk);
    await journal.appendTurn(turn("one"));
    const { syncs } = disk.counts;
    const act = await journal.recordActStart(call, asked);
    expect(disk.counts.syncs).toBe(syncs + 1);
    await journal.recordActResult(act, { content: "open", is_error: false });
    expect(disk.counts.syncs).toBe(syncs + 1);
    const result = { ...message("tool", "open"), tool_call_id: call.id };
    await journal.appendTurn([...asked, result, message("assistant", "It is open.")]);
    expect(disk.counts.syncs).toBe(syncs + 2);
    const again = await openOn(disk);
    expect(again.report.unknown_calls).toEqual([]);
    expect((await allMessages(again)).slice(2)).toEqual([...asked, result, message("assistant", "It is open.")]);
  });

  test(`is synced with batch every ${BATCH_TURNS} turns and at the end, with never not at all`, async () => {
    const batched = new MemoryDisk();
    const journal = await openOn(batched, { fsync: "batch" });
    for (let number = 0; number < 1 + 2 * BATCH_TURNS; number++) await journal.appendTurn(turn(`${number}`));
    expect(batched.counts.syncs).toBe(3);
    await journal.appendTurn(turn("last"));
    await journal.close();
    expect(batched.counts.syncs).toBe(4);
    const never = new MemoryDisk();
    const other = await openOn(never, { fsync: "never" });
    await other.appendTurn(turn("one"));
    await other.recordActStart(call, asked);
    await other.close();
    expect(never.counts).toMatchObject({ syncs: 0, folderSyncs: 0 });
  });

  test("that is too large is rejected without side effects", async () => {
    const disk = new MemoryDisk();
    const journal = await openOn(disk);
    await journal.appendTurn(turn("one"));
    const before = disk.snapshot();
    await expect(journal.appendTurn(turn("x".repeat(20 * 2 ** 20)))).rejects.toMatchObject({
      code: "session-record-too-large",
    });
    expect(disk.snapshot()).toEqual(before);
    await journal.appendTurn(turn("two"));
    expect(await questions(await openOn(disk))).toEqual(["one", "two"]);
  });
});

describe("a full disk", () => {
  const full = { kind: "ENOSPC", at: 0.5 } as const;

  test("rejects the turn with a hint and without damage, and works again once there is space", async () => {
    const disk = new MemoryDisk();
    const journal = await openOn(disk);
    await journal.appendTurn(turn("one"));
    const before = disk.snapshot();
    let writes = 0;
    disk.nextFault = () => (writes++ % 2 === 0 ? full : null);
    await expect(journal.appendTurn(turn("two"))).rejects.toMatchObject({
      code: "session-not-saved",
      reason: expect.stringContaining("ENOSPC"),
      hint: expect.stringContaining("Free disk space"),
    });
    expect(disk.snapshot()).toEqual(before);
    expect(journal.lastError).toMatchObject({ code: "session-not-saved" });
    disk.nextFault = () => null;
    await journal.appendTurn(turn("three"));
    expect(journal.lastError).toBeNull();
    expect(await questions(await openOn(disk))).toEqual(["one", "three"]);
  });

  test("delivers the turn if configured, and records the gap", async () => {
    const disk = new MemoryDisk();
    const journal = await openOn(disk, { onWriteError: "deliver" });
    disk.nextFault = () => full;
    expect(await journal.appendTurn(turn("one"))).toMatchObject({ code: "session-not-saved" });
    expect(await journal.appendTurn(turn("two"))).toMatchObject({ code: "session-not-saved" });
    await expect(journal.recordActStart(call, asked)).rejects.toMatchObject({ code: "session-not-saved" });
    disk.nextFault = () => null;
    expect(await journal.appendTurn(turn("three"))).toBeNull();
    expect([...disk.snapshot().values()].join("")).toContain('"turns_not_saved":2');
    expect(await questions(await openOn(disk))).toEqual(["three"]);
  });

  test("works with a real tmpfs of 64 KB", {
    skip: process.getuid?.() !== 0 || process.platform !== "linux",
  }, async () => {
    const { spawnSync } = await import("node:child_process");
    const mount = await temporaryFolder();
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", mount]).status !== 0) return;
    try {
      const journal = await Journal.open(path.join(mount, "session"));
      const saved: string[] = [];
      await writeFile(path.join(mount, "ballast"), Buffer.alloc(20_000));
      for (let number = 0; number < 200; number++) {
        const text = `${number} ${"x".repeat(300)}`;
        const error = await journal.appendTurn(turn(text)).catch((refusal: unknown) => refusal);
        if (error === null) saved.push(text);
        else expect(error).toMatchObject({ code: "session-not-saved" });
        if (number === 150) await localFiles.remove(path.join(mount, "ballast"));
      }
      expect(saved.length).toBeGreaterThan(20);
      expect(saved.some((text) => Number.parseInt(text, 10) > 150)).toBe(true);
      await journal.close();
      const again = await Journal.open(path.join(mount, "session"));
      expect(await questions(again)).toEqual(saved);
      expect(again.report).toMatchObject({ torn_bytes: 0, damage: [] });
      await again.close();
    } finally {
      spawnSync("umount", [mount]);
    }
  });
});

describe("an end of the program during a call", () => {
  test("before its result adds a synthetic result, and reports the key", async () => {
    const disk = new MemoryDisk();
    const journal = await openOn(disk);
    await journal.appendTurn(turn("one"));
    const { key } = await journal.recordActStart(call, asked);
    const again = await openOn(disk);
    expect(again.report.unknown_calls).toEqual([{ key, name: "open-valve" }]);
    expect(describeReport(again.report)).toEqual([expect.stringContaining("unknown whether it acted")]);
    const messages = (await allMessages(again)).slice(2);
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
    expect(messages[2]).toMatchObject({
      tool_call_id: "call-1",
      content: expect.stringContaining("may have happened"),
    });
    // Only once, not at every start.
    expect((await openOn(disk)).report.unknown_calls).toEqual([]);
  });

  test("after its result keeps the result", async () => {
    const disk = new MemoryDisk();
    const journal = await openOn(disk);
    const act = await journal.recordActStart(call, asked);
    await journal.recordActResult(act, { content: "valve 3 is open", is_error: false });
    const again = await openOn(disk);
    expect(again.report.unknown_calls).toEqual([]);
    expect(await allMessages(again)).toMatchObject([{}, {}, { role: "tool", content: "valve 3 is open" }, {}]);
  });

  test("in the second step, with a reused id, keeps each call's own result", async () => {
    const disk = new MemoryDisk();
    const journal = await openOn(disk);
    const first = await journal.recordActStart(call, asked);
    await journal.recordActResult(first, { content: "one", is_error: false });
    const other = { id: "call-2", name: "look", arguments: {} };
    const next = [
      ...asked,
      { ...message("tool", "one"), tool_call_id: call.id },
      { ...message("assistant", "and again"), tool_calls: [call, other] },
    ];
    const second = await journal.recordActStart(call, next);
    expect(second.key).not.toBe(first.key);
    const messages = await allMessages(await openOn(disk));
    expect(messages.slice(0, 4)).toEqual(next);
    expect(messages.slice(4)).toMatchObject([
      { tool_call_id: "call-1", content: expect.stringContaining("may have happened") },
      { tool_call_id: "call-2", content: expect.stringContaining("no result") },
      { role: "assistant" },
    ]);
  });

  test("keeps a failed turn with a call, and discards one without", async () => {
    const disk = new MemoryDisk();
    const journal = await openOn(disk);
    expect(await journal.endFailedTurn()).toBeNull();
    await journal.recordActStart(call, asked);
    const kept = await journal.endFailedTurn();
    expect(kept).toHaveLength(4);
    expect(await journal.endFailedTurn()).toBeNull();
    await journal.appendTurn(turn("next"));
    const again = await openOn(disk);
    expect(await questions(again)).toEqual(["open valve 3", "next"]);
    expect(again.report.unknown_calls).toEqual([]);
  });
});

describe("the window of the conversation", () => {
  const window = { first_turn: 2, summary: "Pump three.", next: { summary: "Pumps three and four.", through_turn: 3 } };

  test("is restored after a restart, even from a segment that was closed long before", async () => {
    const disk = new MemoryDisk();
    const journal = await openOn(disk, { segmentBytes: 500 });
    expect(journal.window).toBeNull();
    await journal.appendTurn(turn("one"));
    await journal.recordWindow({ first_turn: 1, summary: null, next: null });
    await journal.recordWindow(window);
    expect(journal.window).toEqual(window);
    for (let number = 0; number < 20; number++) await journal.appendTurn(turn(`turn ${number}`));
    expect((await disk.list(folder)).length).toBeGreaterThan(5);
    await journal.close();
    const again = await openOn(disk, { retention: { maxBytes: 1000 } });
    expect(again.window).toEqual(window);
    expect(again.counts.turns).toBe(21);
    expect((await questions(again)).at(-1)).toBe("turn 19");
  });

  test("belongs to its conversation", async () => {
    const disk = new MemoryDisk();
    const journal = await openOn(disk);
    await journal.appendTurn(turn("one"));
    await journal.recordWindow(window);
    await journal.beginConversation();
    expect(journal.window).toBeNull();
    await journal.close();
    expect((await openOn(disk)).window).toBeNull();
  });

  test("takes no sync, and its failure is not an error", async () => {
    const disk = new MemoryDisk();
    const journal = await openOn(disk);
    await journal.appendTurn(turn("one"));
    const { syncs } = disk.counts;
    await journal.recordWindow(window);
    expect(disk.counts.syncs).toBe(syncs);
    disk.nextFault = () => ({ kind: "ENOSPC", at: 0 });
    await journal.recordWindow({ ...window, first_turn: 3 });
    disk.nextFault = () => null;
    expect(journal.window).toEqual(window);
    await journal.appendTurn(turn("two"));
    expect(await questions(await openOn(disk))).toEqual(["one", "two"]);
  });
});

describe("a conversation", () => {
  test("that begins leaves the previous one on disk, also after a restart and in a new segment", async () => {
    const disk = new MemoryDisk();
    let journal = await openOn(disk, { segmentBytes: 1 });
    await journal.appendTurn(turn("one"));
    await journal.beginConversation();
    await journal.beginConversation();
    journal = await openOn(disk, { segmentBytes: 1 });
    expect(journal.counts).toEqual({ turns: 1, messages: 2, conversation_turn: 2 });
    expect(await journal.newestTurns(1000, () => 1)).toEqual([]);
    await journal.appendTurn(turn("two"));
    await journal.appendTurn(turn("three"));
    journal = await openOn(disk, { segmentBytes: 1 });
    expect((await journal.newestTurns(1000, () => 1)).map((found) => found.turn)).toEqual([2, 3]);
    expect(await questions(journal)).toEqual(["one", "two", "three"]);
    const begins: boolean[] = [];
    for await (const found of journal.turns()) begins.push(found.begins_conversation);
    expect(begins).toEqual([true, true, false]);
  });

  test("keeps its name", async () => {
    const disk = new MemoryDisk();
    const journal = await openOn(disk, { segmentBytes: 1 });
    for (const text of ["one", "two", "three"]) await journal.appendTurn(turn(text));
    expect((await openOn(disk)).session).toBe(journal.session);
    expect((await openOn(disk, { verifyEverything: true })).session).toBe(journal.session);
  });
});

describe("reading", () => {
  test("returns the newest turns within a limit, and any turn by its number", async () => {
    const disk = new MemoryDisk();
    const journal = await openOn(disk, { segmentBytes: 1000 });
    const said = Array.from({ length: 100 }, (_, index) => `turn ${index + 1}`);
    for (const text of said) await journal.appendTurn(turn(text));
    expect((await disk.list(folder)).length).toBeGreaterThan(10);
    for (const bound of [1, 2, 3, 7, 20, 99, 199, 200, 1000]) {
      const newest = await journal.newestTurns(bound, () => 1);
      expect(newest.map(({ messages }) => messages[0]?.content)).toEqual(
        said.slice(-Math.min(100, Math.max(1, Math.floor(bound / 2)))),
      );
    }
    for (const from of [1, 2, 37, 99, 100, 101]) expect(await questions(journal, from)).toEqual(said.slice(from - 1));
  });

  test("works while other programs write and prune", async () => {
    const disk = new MemoryDisk();
    const journal = await openOn(disk, { segmentBytes: 500, retention: { maxBytes: 3000 } });
    for (let number = 0; number < 10; number++) await journal.appendTurn(turn(`${number}`));
    let last = -1;
    for await (const { turn: number } of journal.turns()) {
      expect(number).toBeGreaterThan(last);
      last = number;
      await journal.appendTurn(turn("meanwhile"));
      if (number > 60) break;
    }
  });
});

describe("retention", () => {
  test("by size removes the oldest segments, keeps the rest intact, and continues the counts", async () => {
    const disk = new MemoryDisk();
    const journal = await openOn(disk, { segmentBytes: 2000, retention: { maxBytes: 10_000 } });
    for (let number = 1; number <= 500; number++) await journal.appendTurn(turn(`turn ${number}`));
    const bytes = [...disk.snapshot().values()].reduce((sum, { length }) => sum + length, 0);
    expect(bytes).toBeLessThan(10_000 + 2 * 2000);
    const again = await openOn(disk, { verifyEverything: true });
    expect(again.counts).toEqual({ turns: 500, messages: 1000, conversation_turn: 1 });
    expect(again.report).toMatchObject({ damage: [], missing_turns: 0 });
    const found = await questions(again);
    expect(found.at(-1)).toBe("turn 500");
    expect(found.length).toBeGreaterThan(20);
  });

  test("by age ignores a clock that was never set", async () => {
    const disk = new MemoryDisk();
    let now = Date.parse("2026-03-01");
    const day = 24 * 60 * 60 * 1000;
    const options = { segmentBytes: 1, retention: { maxAgeMilliseconds: 10 * day }, now: () => now };
    let journal = await openOn(disk, options);
    for (let number = 1; number <= 30; number++) {
      const timestamp = new Date(now).toISOString();
      await journal.appendTurn(turn(`day ${number}`).map((each) => ({ ...each, timestamp })));
      now += day;
    }
    const kept = await questions(journal);
    expect(kept.at(-1)).toBe("day 30");
    expect(kept.length).toBeLessThanOrEqual(12);
    expect(kept.length).toBeGreaterThanOrEqual(10);
    now = 0;
    journal = await openOn(disk, options);
    await journal.appendTurn(turn("1970"));
    expect(await questions(journal)).toEqual([...kept, "1970"]);
  });
});

describe("the folder", () => {
  test("is accessible only to its owner, with all its files", async () => {
    const dir = path.join(await temporaryFolder(), "a", "b");
    const journal = await Journal.open(dir);
    await journal.appendTurn(turn("one"));
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(dir)) {
      const status = await stat(path.join(dir, name));
      // Users with access to the folder may ask the lock's socket for its owner.
      if (!status.isSocket()) expect(status.mode & 0o777).toBe(0o600);
    }
    await journal.close();
    await journal.close();
    await expect(journal.appendTurn(turn("two"))).rejects.toMatchObject({ code: "session-closed" });
  });

  test("keeps files that do not belong to the session", async () => {
    const dir = await temporaryFolder();
    await writeFile(path.join(dir, "journal-notes.txt"), "mine");
    await mkdir(path.join(dir, "engine-state.kv"));
    const journal = await Journal.open(dir, { verifyEverything: true });
    await journal.appendTurn(turn("one"));
    await journal.close();
    expect(await readFile(path.join(dir, "journal-notes.txt"), "utf8")).toBe("mine");
    expect(await readdir(dir)).toEqual(["engine-state.kv", "journal-0000000000000001.jsonl", "journal-notes.txt"]);
  });

  test("is rejected if it is a file", async () => {
    const file = path.join(await temporaryFolder(), "file");
    await writeFile(file, "");
    await expect(Journal.open(file)).rejects.toMatchObject({ code: "session-unreadable" });
  });
});
