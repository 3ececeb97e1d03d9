import fc from "fast-check";
import { expect, test } from "vitest";
import type { Fault } from "../../../../runtime/test/session/journal/memory-disk.js";
import type { EventLog } from "../../../src/triggers/events/event-log.js";
import { folder, MemoryDisk, newEvent, openOn, readAll, rule, start } from "./open-log.js";

/** An event in the life of a log. `at`, from 0 to 1, selects among the possibilities. */
interface Step {
  kind: "add" | "burst" | "act" | "act-result" | "end" | "schedule" | "restart" | "power-cut" | "fault";
  at: number;
}

const at = fc.double({ min: 0, max: 1, noNaN: true });
const step = (...kinds: Step["kind"][]) => fc.record({ kind: fc.constantFrom(...kinds), at });
const work = ["add", "add", "burst", "act", "act-result", "end", "end", "schedule"] as const;

/** Promises of the log to those who called it. */
class Promises {
  /** Payloads by id of the events that were kept. */
  readonly kept = new Map<string, number>();
  /** Events whose end was passed to the log: they may be open or not, until the log has said that it is saved. */
  readonly ending = new Set<string>();
  readonly ended = new Set<string>();
  readonly acts = new Set<string>();
  readonly results = new Set<string>();
  through = 0;
  /** Schedules that may have been saved. */
  highest = 0;

  check(log: EventLog): void {
    const open = new Map(log.openEvents.map((event) => [event.id, event]));
    for (const [id, payload] of this.kept) {
      if (this.ended.has(id)) expect(open.has(id)).toBe(false);
      else if (!this.ending.has(id)) expect(open.get(id)?.payload).toBe(payload);
    }
    for (const event of open.values()) {
      const acts = event.acts.map(({ started }) => started.key);
      const results = event.acts.filter(({ ended }) => ended !== null).map(({ started }) => started.key);
      if (this.acts.has(event.id)) expect(acts).toEqual([`${event.id}.do`]);
      if (this.results.has(event.id)) expect(results).toEqual([`${event.id}.do`]);
    }
    const payloads = log.openEvents.map(({ payload }) => payload);
    expect(new Set(payloads).size).toBe(payloads.length);
    const through = log.scheduleOf("bed")?.through ?? 0;
    expect(through).toBeGreaterThanOrEqual(this.through);
    expect(through).toBeLessThanOrEqual(this.highest);
  }
}

async function live(steps: readonly Step[], segmentBytes: number): Promise<void> {
  const disk = new MemoryDisk();
  const promises = new Promises();
  const faults: (Fault | null)[] = [];
  disk.nextFault = () => faults.shift() ?? null;
  const open = () => openOn(disk, { segmentBytes });
  let log = await open();
  let number = 0;
  /** Work that is not awaited, as when the power fails in the middle of it. */
  let pending: Promise<unknown>[] = [];
  /** Events whose end was written without a sync. */
  const written = new Set<string>();
  const pick = (share: number) => log.openEvents[Math.floor(share * log.openEvents.length)]?.id;
  const add = async () => {
    number += 1;
    const payload = number;
    const acceptance = await log.add(newEvent(payload), rule);
    if (acceptance.status === "kept") promises.kept.set(acceptance.id, payload);
  };
  /** Notes what is on disk once this is: also all that was written without a sync before. */
  const note = (promise: Promise<void>, saved: () => void) => {
    const before = [...written];
    return promise.then(
      () => {
        saved();
        for (const event of before) promises.ended.add(event);
      },
      () => {},
    );
  };
  const run = (kind: Step["kind"], share: number) => {
    const event = pick(share);
    if (kind === "add") return add();
    if (kind === "burst") return Promise.all(Array.from({ length: 5 }, add));
    if (kind === "schedule") {
      number += 1;
      const through = number;
      promises.highest = through;
      const saved = () => {
        promises.through = Math.max(promises.through, through);
      };
      return note(log.append({ type: "schedule", trigger: "bed", rule: "r", through }), saved);
    }
    if (event === undefined || promises.ending.has(event)) return null;
    const key = `${event}.do`;
    if (kind === "act") {
      const record = { type: "act", event, key, kind: "tool", tool: "t", arguments: {}, try: 1, at: start } as const;
      if (promises.results.has(event)) return null;
      return note(log.append(record), () => promises.acts.add(event));
    }
    if (kind === "act-result") {
      if (!promises.acts.has(event)) return null;
      const record = { type: kind, event, key, outcome: "done", content: "ok", at: start } as const;
      return note(log.append(record), () => promises.results.add(event));
    }
    promises.ending.add(event);
    const record = { type: "end", event, outcome: "done", tries: 1, result: "", at: start } as const;
    if (share * 10 - Math.floor(share * 10) < 0.4) {
      return log.append(record, { synced: false }).then(
        () => void written.add(event),
        () => {},
      );
    }
    return note(log.append(record), () => promises.ended.add(event));
  };
  for (const { kind, at: share } of steps) {
    if (kind === "fault") {
      const faultKind = (["short-write", "EIO", "ENOSPC", "EROFS"] as const)[Math.floor(share * 3.99)] ?? "EIO";
      // The first fault may hit a sync, after writes that succeed.
      for (let count = 0; count < Math.floor((share * 10_000) % 4); count++) faults.push(null);
      for (let count = 0; count < 1 + Math.floor((share * 100) % 4); count++) {
        faults.push({ kind: faultKind, at: (share * 1000) % 1 });
      }
    } else if (kind === "power-cut" || kind === "restart") {
      if (kind === "restart") {
        await Promise.all(pending);
        promises.check(log);
        await log.close();
      } else {
        // The time until the power fails.
        for (let turn = 0; turn < share * 40; turn++) await null;
        let seed = share;
        disk.cutPower(() => {
          seed = (seed * 9301 + 0.49297) % 1;
          return seed;
        });
        const lost = disk;
        // The old program is gone: nothing that it still does reaches the disk.
        lost.nextFault = () => ({ kind: "EROFS", at: 0 });
        await Promise.all(pending);
      }
      pending = [];
      written.clear();
      faults.length = 0;
      disk.nextFault = () => faults.shift() ?? null;
      log = await open();
      promises.check(log);
    } else {
      const begun = run(kind, share);
      if (begun === null) continue;
      if (share < 0.7) await begun;
      else pending.push(begun);
    }
  }
  await Promise.all(pending);
  promises.check(log);
  await log.close();
  const again = await open();
  promises.check(again);
  const logged = await readAll(folder, disk);
  const ids = logged.map(({ event }) => event.id);
  expect(new Set(ids).size).toBe(ids.length);
  const listed = logged.filter(({ outcome }) => outcome === null).map(({ event }) => event.id);
  expect(listed).toEqual(again.openEvents.map(({ id }) => id));
  await again.close();
}

test("power cuts at any time lose nothing that was promised, and no event comes twice", async () => {
  const steps = fc.array(step(...work, ...work, "power-cut", "restart"), { maxLength: 60, size: "max" });
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(300, 1000, 2 ** 20), (all, segmentBytes) => live(all, segmentBytes)),
    { numRuns: 300 },
  );
}, 120_000);

test("nor do failing writes, syncs and full disks", async () => {
  const steps = fc.array(step(...work, ...work, "fault", "fault", "power-cut", "restart"), {
    maxLength: 60,
    size: "max",
  });
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(300, 1000, 2 ** 20), (all, segmentBytes) => live(all, segmentBytes)),
    { numRuns: 300 },
  );
}, 120_000);
