import { readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { EventLog } from "../../../src/triggers/events/event-log.js";
import type { ActStarted } from "../../../src/triggers/events/event-record.js";
import { end, folder, keep, MemoryDisk, newEvent, openOn, readAll, rule, start, temporaryFolder } from "./open-log.js";

const act = (event: string, parts: Partial<ActStarted> = {}): ActStarted => ({
  type: "act",
  event,
  key: `${event}.do`,
  kind: "tool",
  tool: "water_bed",
  arguments: { minutes: 5 },
  try: 1,
  at: start,
  ...parts,
});

describe("an event", () => {
  test("is open with all that is known of it, also after a start", async () => {
    const disk = new MemoryDisk();
    const log = await openOn(disk);
    const id = await keep(log, { percent: 20 }, { topic: "garden/1/moisture", identity: "a" });
    await log.append({ type: "checked", event: id, verdict: "met", reason: "below 30", state: { holds: true } });
    await log.append(act(id));
    await log.append({ type: "try-failed", event: id, try: 1, problem: "no water", next_at: start + 1000, at: start });
    await log.append(act(id, { try: 2 }));
    await log.append({ type: "act-result", event: id, key: `${id}.do`, outcome: "done", content: "wet", at: start });
    await log.append({ type: "answer", event: id, index: 1, problem: null, at: start });
    await log.append({ type: "answer", event: id, index: 0, problem: "unreachable", at: start });
    const open = log.openEvents;
    expect(open).toEqual([
      {
        ...newEvent({ percent: 20 }, { topic: "garden/1/moisture", identity: "a" }),
        id,
        checked: { type: "checked", event: id, verdict: "met", reason: "below 30", state: { holds: true } },
        acts: [
          {
            started: act(id, { try: 2 }),
            ended: { type: "act-result", event: id, key: `${id}.do`, outcome: "done", content: "wet", at: start },
            earlier: { started: act(id), ended: null },
          },
        ],
        failure: { type: "try-failed", event: id, try: 1, problem: "no water", next_at: start + 1000, at: start },
        tries: 2,
        answered: [1],
        answer: "wet",
      },
    ]);
    await log.close();
    const again = await openOn(disk);
    expect(again.openEvents).toEqual(open);
    expect(again.find(id)).toEqual(open[0]);
    expect(again.notices).toEqual([]);
    expect(again.newestAt).toBe(start);
    await again.close();
  });

  test("that ended is not open, and is counted", async () => {
    const disk = new MemoryDisk();
    const log = await openOn(disk);
    const [one = "", two = ""] = [await keep(log, 1), await keep(log, 2)];
    await end(log, one);
    expect(log.openEvents.map(({ id }) => id)).toEqual([two]);
    expect(log.find(one)).toBeNull();
    const counts = { open: 1, added: 2, done: 1, failed: 0, repeated: 0, lastEnd: { event: one, outcome: "done" } };
    expect(log.countsOf("bed")).toMatchObject(counts);
    // A fact about it has no effect, and an act of it must not begin.
    await log.append({ type: "checked", event: one, verdict: "met", reason: "", state: 1 });
    await expect(log.append(act(one))).rejects.toMatchObject({ code: "event-ended" });
    await log.close();
    const again = await openOn(disk);
    expect(again.countsOf("bed")).toMatchObject(counts);
    expect(again.conditionState("bed", undefined)).toBeNull();
    await again.close();
  });

  test("keeps nothing of the object that was passed", async () => {
    const log = await openOn(new MemoryDisk());
    const payload = { percent: 20, when: new Date(0), none: undefined };
    const added = log.add(newEvent(payload), rule);
    payload.percent = 99;
    await added;
    expect(log.openEvents[0]?.payload).toEqual({ percent: 20, when: "1970-01-01T00:00:00.000Z" });
    await log.close();
  });

  test("that cannot be stored is refused and counted", async () => {
    const disk = new MemoryDisk();
    const log = await openOn(disk);
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    let deep: unknown = 1;
    for (let level = 0; level < 101; level++) deep = [deep];
    const refused = (reason: string) => ({ status: "refused", reason });
    expect(await log.add(newEvent("x".repeat(64 * 1024)), rule)).toEqual(refused("too-large"));
    expect(await log.add(newEvent("x".repeat(64 * 1024 - 2)), rule)).toMatchObject({ status: "kept" });
    expect(await log.add(newEvent(1, { topic: "x".repeat(70_000) }), rule)).toEqual(refused("too-large"));
    expect(await log.add(newEvent(cyclic), rule)).toEqual(refused("invalid"));
    expect(await log.add(newEvent(10n), rule)).toEqual(refused("invalid"));
    expect(await log.add(newEvent(deep), rule)).toEqual(refused("invalid"));
    expect(await log.add(newEvent("[".repeat(200)), rule)).toMatchObject({ status: "kept" });
    expect(await log.add(newEvent(1, { at: Number.NaN }), rule)).toEqual(refused("invalid"));
    expect(log.countsOf(newEvent(1).trigger)).toMatchObject({ added: 2, dropped: 6 });
    await log.close();
    const next = await openOn(disk);
    expect(next.countsOf(newEvent(1).trigger)).toMatchObject({ added: 2, dropped: 6 });
    await next.close();
    expect(await log.add(newEvent(1), rule)).toEqual(refused("closed"));
    await expect(end(log, "x")).rejects.toMatchObject({ code: "events-closed" });
  });

  test("has texts of at most 8 KB, and arguments of a limited size", async () => {
    const log = await openOn(new MemoryDisk());
    const id = await keep(log, 1);
    await log.append(act(id));
    const content = `${"x".repeat(8 * 1024 - 1)}😀`;
    await log.append({ type: "act-result", event: id, key: `${id}.do`, outcome: "done", content, at: start });
    expect(log.find(id)?.answer).toBe("x".repeat(8 * 1024 - 1));
    const large = act(id, { arguments: { text: "x".repeat(300_000) } });
    await expect(log.append(large)).rejects.toMatchObject({ code: "event-record-too-large" });
    await log.close();
  });
});

describe("a repeated event", () => {
  const repeats = (value: string) => ({ ...rule, repeats: { value, windowMilliseconds: 600_000 } });

  test("is recognized by its value within the window, across starts and segments", async () => {
    const disk = new MemoryDisk();
    let now = start;
    const open = () => openOn(disk, { now: () => now, segmentBytes: 1 });
    let log = await open();
    const first = await log.add(newEvent(1), repeats("7"));
    const id = first.status === "kept" ? first.id : "";
    expect(await log.add(newEvent(2), repeats("7"))).toEqual({ status: "repeated", id });
    expect(await log.add(newEvent(2), repeats("8"))).toMatchObject({ status: "kept" });
    expect(await log.add(newEvent(2, { trigger: "other" }), repeats("7"))).toMatchObject({ status: "kept" });
    await end(log, id);
    for (let count = 0; count < 5; count++) {
      await log.close();
      log = await open();
      expect(await log.add(newEvent(3), repeats("7"))).toEqual({ status: "repeated", id });
      await keep(log, count);
    }
    expect(log.countsOf("bed")).toMatchObject({ repeated: 6, added: 7 });
    now = start + 600_000;
    expect(await log.add(newEvent(4), repeats("7"))).toMatchObject({ status: "kept" });
    // A clock that was set back does not prolong the window.
    now = start - 24 * 3_600_000;
    expect(await log.add(newEvent(4), repeats("7"))).toMatchObject({ status: "kept" });
    await log.close();
  });

  test("is recognized among events that are added at the same time", async () => {
    const log = await openOn(new MemoryDisk());
    const all = await Promise.all([1, 2, 3].map((payload) => log.add(newEvent(payload), repeats("7"))));
    expect(all.map(({ status }) => status)).toEqual(["kept", "repeated", "repeated"]);
    expect(log.openEvents).toHaveLength(1);
    await log.close();
  });

  test("is recognized by its identity for a day", async () => {
    const disk = new MemoryDisk();
    let now = start;
    const log = await openOn(disk, { now: () => now });
    const id = await keep(log, 1, { identity: "request-1" });
    now += 23 * 3_600_000;
    expect(await log.add(newEvent(1, { identity: "request-1" }), rule)).toEqual({ status: "repeated", id });
    expect(await log.add(newEvent(1), repeats("request-1"))).toMatchObject({ status: "kept" });
    now += 3_600_000;
    expect(await log.add(newEvent(1, { identity: "request-1" }), rule)).toMatchObject({ status: "kept" });
    await log.close();
  });

  test("is forgotten after 10,000 others", async () => {
    const log = await openOn(new MemoryDisk());
    const wide = { ...repeats("first"), maxEvents: 20_000 };
    await log.add(newEvent(0), wide);
    const values = Array.from({ length: 10_000 }, (_, index) => `${index}`);
    const add = (value: string) => log.add(newEvent(0), { ...repeats(value), maxEvents: 20_000 });
    await Promise.all(values.map(add));
    expect(await add("9999")).toMatchObject({ status: "repeated" });
    expect(await add("first")).toMatchObject({ status: "kept" });
    await log.close();
  });
});

describe("a full queue", () => {
  const full = (whenFull: "refuse" | "drop-oldest" | "drop-newest", maxEvents = 2) => ({
    ...rule,
    whenFull,
    maxEvents,
  });

  test("refuses, or drops the newest", async () => {
    const log = await openOn(new MemoryDisk());
    await Promise.all([1, 2].map((payload) => log.add(newEvent(payload), full("refuse"))));
    expect(await log.add(newEvent(3), full("refuse"))).toEqual({ status: "refused", reason: "full" });
    expect(await log.add(newEvent(3), full("drop-newest"))).toEqual({ status: "dropped" });
    expect(await log.add(newEvent(3, { trigger: "other" }), full("refuse"))).toMatchObject({ status: "kept" });
    expect(log.countsOf("bed")).toMatchObject({ open: 2, added: 2, dropped: 1 });
    await log.close();
  });

  test("drops the oldest whose act has not begun", async () => {
    const disk = new MemoryDisk();
    const log = await openOn(disk);
    const add = (payload: unknown) => log.add(newEvent(payload), full("drop-oldest"));
    const first = await add(1);
    await log.append(act(first.status === "kept" ? first.id : ""));
    await Promise.all([2, 3, 4, 5].map(add));
    const payloads = (open: EventLog) => open.openEvents.map(({ payload }) => payload);
    expect(payloads(log)).toEqual([1, 5]);
    expect(log.countsOf("bed")).toMatchObject({ open: 2, added: 5, dropped: 3 });
    await log.close();
    const again = await openOn(disk);
    expect(payloads(again)).toEqual([1, 5]);
    // After a restart, too, the act is under way.
    expect(await again.add(newEvent(6), full("drop-oldest"))).toMatchObject({ status: "kept" });
    expect(payloads(again)).toEqual([1, 6]);
    await again.close();
  });

  test("where all acts are under way lets the newest wait", async () => {
    const log = await openOn(new MemoryDisk());
    const add = (payload: unknown) => log.add(newEvent(payload), full("drop-oldest", 1));
    const first = await add(1);
    await log.append(act(first.status === "kept" ? first.id : ""));
    await add(2);
    await add(3);
    expect(log.openEvents.map(({ payload }) => payload)).toEqual([1, 3]);
    await log.close();
  });

  test("is one of the bytes of all triggers", async () => {
    const log = await openOn(new MemoryDisk(), { maxOpenBytes: 200_000 });
    const payload = "x".repeat(10_000);
    const all = await Promise.all(Array.from({ length: 30 }, () => log.add(newEvent(payload), rule)));
    const kept = all.filter(({ status }) => status === "kept");
    expect(kept).toHaveLength(19);
    expect(all.at(-1)).toEqual({ status: "refused", reason: "full" });
    await end(log, kept[0]?.status === "kept" ? kept[0].id : "");
    expect(await log.add(newEvent(payload), rule)).toMatchObject({ status: "kept" });
    await log.close();
  });
});

describe("memory of a trigger", () => {
  test("has the state of its conditions by topic, and its schedule", async () => {
    const disk = new MemoryDisk();
    const log = await openOn(disk);
    for (const topic of ["a", "b", undefined]) {
      const id = await keep(log, 1, topic === undefined ? {} : { topic });
      await log.append({ type: "checked", event: id, verdict: "not-met", reason: "", state: { of: topic ?? "none" } });
      await end(log, id);
    }
    await log.append({ type: "schedule", trigger: "bed", rule: "0 6 * * * UTC", through: start });
    const check = (open: EventLog) => {
      expect(open.conditionState("bed", "a")).toEqual({ of: "a" });
      expect(open.conditionState("bed", undefined)).toEqual({ of: "none" });
      expect(open.conditionState("bed", "c")).toBeNull();
      expect(open.conditionState("other", "a")).toBeNull();
      expect(open.scheduleOf("bed")).toEqual({ rule: "0 6 * * * UTC", through: start });
      expect(open.scheduleOf("other")).toBeNull();
    };
    check(log);
    await log.close();
    // The second start begins with a snapshot.
    for (let count = 0; count < 2; count++) {
      const again = await openOn(disk, { segmentBytes: 1 });
      check(again);
      await keep(again, count);
      await again.close();
    }
  });

  test("keeps 1,000 topics, those that were used last", async () => {
    const log = await openOn(new MemoryDisk());
    const see = async (topic: string) => {
      const id = await keep(log, 1, { topic });
      await log.append({ type: "checked", event: id, verdict: "not-met", reason: "", state: topic });
      await end(log, id);
    };
    await see("first");
    await see("second");
    await Promise.all(Array.from({ length: 998 }, (_, index) => see(`${index}`)));
    await see("first");
    await see("last");
    expect(log.conditionState("bed", "first")).toBe("first");
    expect(log.conditionState("bed", "second")).toBeNull();
    await log.close();
  });
});

describe("the files", () => {
  test("2,000 events that are added together need a handful of syncs", async () => {
    const disk = new MemoryDisk();
    const log = await openOn(disk);
    const payload = { sensor: "moisture", percent: 20, unit: "%" };
    const before = disk.counts.syncs;
    const all = await Promise.all(
      Array.from({ length: 2000 }, () => log.add(newEvent(payload), { ...rule, maxEvents: 5000 })),
    );
    expect(all.every(({ status }) => status === "kept")).toBe(true);
    expect(disk.counts.syncs - before).toBeLessThanOrEqual(4);
    await log.close();
  });

  test("segments begin with a snapshot, and at most 8 old ones are kept", async () => {
    const disk = new MemoryDisk();
    const log = await openOn(disk, { segmentBytes: 2000 });
    const kept = await keep(log, "stays open");
    for (let count = 0; count < 200; count++) await end(log, await keep(log, count));
    expect(await disk.list(folder)).toHaveLength(9);
    expect(log.sizeBytes).toBe([...disk.snapshot().values()].reduce((sum, { length }) => sum + length, 0));
    expect(log.sizeBytes).toBeLessThan(9 * 4000);
    expect(log.openEvents.map(({ id }) => id)).toEqual([kept]);
    await log.close();
    const again = await openOn(disk);
    expect(again.openEvents).toMatchObject([{ id: kept, payload: "stays open" }]);
    expect(again.countsOf("bed")).toMatchObject({ added: 201, done: 200, open: 1 });
    await again.close();
  });

  test("a snapshot may be larger than a segment", async () => {
    const disk = new MemoryDisk();
    const log = await openOn(disk, { segmentBytes: 4096 });
    const ids = await Promise.all(Array.from({ length: 100 }, (_, index) => keep(log, `${index}`.repeat(300))));
    for (let count = 0; count < 400; count++) await end(log, await keep(log, count));
    // Not a snapshot for every few records.
    expect(disk.counts.writtenBytes).toBeLessThan(1_000_000);
    await log.close();
    const again = await openOn(disk);
    expect(again.openEvents.map(({ id }) => id)).toEqual(ids);
    await again.close();
  });

  test("repeated events and unsynced records cost no sync", async () => {
    const disk = new MemoryDisk();
    const log = await openOn(disk);
    const once = { ...rule, repeats: { value: "1", windowMilliseconds: 1000 } };
    const first = await log.add(newEvent(1), once);
    const id = first.status === "kept" ? first.id : "";
    const { syncs, writes } = disk.counts;
    for (let count = 0; count < 100; count++) await log.add(newEvent(1), once);
    expect(disk.counts).toMatchObject({ syncs, writes });
    await log.append({ type: "checked", event: id, verdict: "met", reason: "", state: null }, { synced: false });
    expect(disk.counts).toMatchObject({ syncs, writes: writes + 1 });
    await log.close();
    const again = await openOn(disk);
    expect(again.countsOf("bed").repeated).toBe(100);
    await again.close();
  });

  test("of a newer version are refused, and stay as they are", async () => {
    const disk = new MemoryDisk();
    const log = await openOn(disk);
    await keep(log, 1);
    await log.close();
    const { encodeLine } = await import("@nanoagent/runtime/node");
    const newer = encodeLine({ seq: 90, type: "segment", format: 2, lines: "other" });
    const files = [...disk.snapshot(), [`${folder}/events-0000000000000090.jsonl`, newer] as const];
    const changed = MemoryDisk.holding(files);
    const before = changed.snapshot();
    const refusal = { code: "events-format-unknown", message: expect.stringContaining("has format 2") };
    await expect(openOn(changed)).rejects.toMatchObject(refusal);
    await expect(readAll(folder, changed)).rejects.toMatchObject(refusal);
    expect(changed.snapshot()).toEqual(before);
  });

  test("belong to one program", async () => {
    const where = path.join(temporaryFolder(), "session", "events");
    const log = await EventLog.open(where, { owner: "greenhouse" });
    await expect(EventLog.open(where)).rejects.toMatchObject({
      code: "events-in-use",
      reason: expect.stringContaining(`greenhouse (process ${process.pid}`),
    });
    // Reading needs no claim.
    const id = await keep(log, 1);
    expect(await readAll(where)).toMatchObject([{ event: { id, payload: 1 }, outcome: null }]);
    await log.close();
    await log.close();
    const again = await EventLog.open(where);
    expect(again.openEvents).toMatchObject([{ id }]);
    await again.close();
  });

  test("that are removed while they are open are written again, but not without the claim", async () => {
    const where = path.join(temporaryFolder(), "events");
    const log = await EventLog.open(where);
    const id = await keep(log, 1);
    for (const name of readdirSync(where).filter((file) => file.endsWith(".jsonl"))) rmSync(path.join(where, name));
    const other = await keep(log, 2);
    expect((await readAll(where)).map(({ event }) => event.id)).toEqual([id, other]);
    rmSync(where, { recursive: true });
    expect(await log.add(newEvent(3), rule)).toEqual({ status: "refused", reason: "not-saved" });
    expect(log.problem).toMatchObject({ code: "events-not-saved", reason: expect.stringContaining("lock") });
    await log.close();
  });

  test("a folder that cannot be made is a typed error", async () => {
    const file = path.join(temporaryFolder(), "file");
    writeFileSync(file, "");
    await expect(EventLog.open(path.join(file, "events"))).rejects.toMatchObject({ code: "events-unreadable" });
    await expect(readAll(path.join(file, "events"))).rejects.toMatchObject({ code: "events-unreadable" });
  });

  test("of 10,000 ended events stay on disk, not in memory", async () => {
    const log = await EventLog.open(path.join(temporaryFolder(), "events"));
    const round = async () => {
      const payload = "x".repeat(2000);
      for (let count = 0; count < 10; count++) {
        const ids = await Promise.all(Array.from({ length: 500 }, () => keep(log, payload)));
        await Promise.all(ids.map((id) => end(log, id)));
      }
    };
    const used = () => {
      globalThis.gc?.();
      return process.memoryUsage().heapUsed;
    };
    await round();
    const before = used();
    await round();
    expect(log.openEvents).toEqual([]);
    // 10 MB of payloads went through.
    if (globalThis.gc !== undefined) expect(used() - before).toBeLessThan(3 * 2 ** 20);
    await log.close();
  }, 60_000);
});

test("a listener hears when saving fails and when it succeeds again", async () => {
  vi.useFakeTimers();
  try {
    const disk = new MemoryDisk();
    const problems: (string | null)[] = [];
    const log = await openOn(disk, { onProblem: (problem) => problems.push(problem?.code ?? null) });
    await keep(log, 1);
    disk.nextFault = () => ({ kind: "ENOSPC", at: 0 });
    expect(await log.add(newEvent(2), rule)).toEqual({ status: "refused", reason: "not-saved" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(problems).toEqual(["events-not-saved"]);
    disk.nextFault = () => null;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(problems).toEqual(["events-not-saved", null]);
    expect(log.problem).toBeNull();
    await log.close();
  } finally {
    vi.useRealTimers();
  }
});
