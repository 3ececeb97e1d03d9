import { describe, expect, test } from "vitest";
import { end, folder, keep, MemoryDisk, newEvent, openOn, readAll, rule, start } from "./open-log.js";

describe("the list of events", () => {
  test("has conditions, acts, answers and the end of each, the newest last", async () => {
    const disk = new MemoryDisk();
    const log = await openOn(disk);
    const one = await keep(log, { percent: 20 }, { topic: "garden/1", identity: "a" });
    const two = await keep(log, 2);
    await log.append({ type: "checked", event: one, verdict: "met", reason: "below 30", state: null });
    const key = `${one}.do`;
    const act = {
      type: "act",
      event: one,
      key,
      kind: "tool",
      tool: "water",
      arguments: { bed: 1 },
      at: start,
    } as const;
    await log.append({ ...act, try: 1 });
    await log.append({ type: "act-result", event: one, key, outcome: "failed", content: "no water", at: start });
    await log.append({ type: "try-failed", event: one, try: 1, problem: "no water", next_at: start, at: start });
    await log.append({ ...act, try: 2 });
    await log.append({ type: "act-result", event: one, key, outcome: "done", content: "wet", at: start });
    await log.append({ type: "answer", event: one, index: 0, problem: "unreachable", at: start });
    await log.append({ type: "answer", event: one, index: 0, problem: null, at: start });
    await log.append({ type: "end", event: one, outcome: "done", tries: 2, result: "wet", at: start + 5 });
    const open = {
      event: { id: two, trigger: "bed", at: start, payload: 2 },
      conditions: null,
      acts: [],
      tries: 0,
      answers: [],
      outcome: null,
      result: null,
      ended_at: null,
    };
    const ended = {
      event: { id: one, trigger: "bed", at: start, payload: { percent: 20 }, topic: "garden/1", identity: "a" },
      conditions: { verdict: "met", reason: "below 30" },
      acts: [
        {
          key,
          kind: "tool",
          tool: "water",
          arguments: { bed: 1 },
          outcome: "done",
          content: "wet",
          is_uncertain: false,
        },
      ],
      tries: 2,
      answers: [{ index: 0, problem: null }],
      outcome: "done",
      result: "wet",
      ended_at: start + 5,
    };
    expect(await readAll(folder, disk)).toEqual([ended, open]);
    await log.close();
    expect(await readAll(folder, disk)).toEqual([ended, open]);
  });

  test("has every event once, across segments, and open ones from before the oldest segment", async () => {
    const disk = new MemoryDisk();
    const log = await openOn(disk, { segmentBytes: 2000 });
    const old = await keep(log, "old");
    const key = `${old}.do`;
    await log.append({ type: "act", event: old, key, kind: "tool", tool: "t", arguments: 1, try: 1, at: start });
    const ended: string[] = [];
    for (let count = 0; count < 200; count++) {
      const id = await keep(log, count);
      ended.push(id);
      await end(log, id);
    }
    const all = await readAll(folder, disk);
    expect(all[0]).toMatchObject({ event: { id: old, payload: "old" }, acts: [{ key }], outcome: null });
    const ids = all.slice(1).map(({ event }) => event.id);
    expect(ids.length).toBeGreaterThan(40);
    expect(ids).toEqual(ended.slice(-ids.length));
    expect(all.slice(1).every(({ outcome }) => outcome === "done")).toBe(true);
    await log.close();
  });

  test("does not call an event open whose end is damaged, once a later segment says otherwise", async () => {
    const disk = new MemoryDisk();
    const log = await openOn(disk);
    const id = await keep(log, 1);
    await end(log, id);
    await log.close();
    const again = await openOn(disk, { segmentBytes: 1 });
    for (const payload of [2, 3, 4]) await keep(again, payload);
    await again.close();
    const files = disk.snapshot();
    const [oldest = ""] = [...files.keys()].sort();
    const text = files.get(oldest)?.toString() ?? "";
    files.set(oldest, Buffer.from(text.replace('"result":"ok"', '"result":"oK"')));
    const [first] = await readAll(folder, MemoryDisk.holding(files));
    expect(first).toMatchObject({ event: { id }, outcome: "unknown", result: "The record of its end cannot be read." });
  });

  test("has events in their order, also if only a snapshot still has the first", async () => {
    const disk = new MemoryDisk();
    const log = await openOn(disk, { segmentBytes: 300 });
    const ids: string[] = [];
    for (const payload of [1, 2, 3, 4, 5]) ids.push(await keep(log, payload));
    await log.close();
    const files = [...disk.snapshot()];
    expect(files.length).toBeGreaterThan(1);
    const [oldest] = files;
    const line = String(ids[0]);
    // The line is read as damaged, and the snapshot of the next segment has the event.
    oldest?.[1].fill("~", oldest[1].indexOf(line), oldest[1].indexOf(line) + line.length);
    const all = await readAll(folder, MemoryDisk.holding(files));
    expect(all.map(({ event }) => event.id)).toEqual(ids);
  });

  test("has events that were dropped, in their place", async () => {
    const disk = new MemoryDisk();
    const log = await openOn(disk);
    const id = await keep(log, 1);
    const full = { ...rule, maxEvents: 1, whenFull: "drop-newest" } as const;
    for (const payload of [2, 3, 4]) await log.add(newEvent(payload), full);
    await end(log, id);
    await keep(log, 5);
    await log.close();
    const [first, dropped, last, ...others] = await readAll(folder, disk);
    expect([first?.event.payload, last?.event.payload, others]).toEqual([1, 5, []]);
    expect(dropped).toMatchObject({
      event: { id: expect.stringMatching(/^dropped-\d+$/), trigger: "bed", payload: null },
      outcome: "dropped",
      result: "3 events were dropped: the queue was full, or the payload could not be kept.",
      dropped: 3,
    });
  });

  test("of an empty folder is empty", async () => {
    expect(await readAll(folder, new MemoryDisk())).toEqual([]);
  });
});
