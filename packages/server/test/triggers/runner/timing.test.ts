import path from "node:path";
import type { ToolRunOptions } from "@nanoagent/runtime";
import { describe, expect, test, vi } from "vitest";
import { EventLog } from "../../../src/triggers/events/event-log.js";
import { byHand, openTestAgent, openTestTriggers, testFolder, type Watering, waterTool } from "./open-test-triggers.js";

const soon = { timeout: 20_000 };

/** A clock whose timers end when the test moves the time. */
class ManualClock {
  #now = Date.now();
  readonly #timers = new Set<{ at: number; callback: () => void }>();

  now = () => this.#now;
  monotonic = () => this.#now;

  setTimer = (callback: () => void, milliseconds: number) => {
    const timer = { at: this.#now + milliseconds, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  async advance(milliseconds: number): Promise<void> {
    this.#now += milliseconds;
    for (const timer of [...this.#timers].sort((one, other) => one.at - other.at)) {
      if (timer.at > this.#now || !this.#timers.delete(timer)) continue;
      timer.callback();
    }
  }
}

const reading = (percent: number) => ({ payload: { bed: "tomatoes", percent }, topic: "garden/1/moisture" });

describe("for", () => {
  const settings = byHand({ if: { value: "payload.percent", below: 30, for: "5m" } });

  test("an event acts once its conditions have held for long enough", async () => {
    const calls: Watering[] = [];
    const clock = new ManualClock();
    const triggers = await openTestTriggers(await openTestAgent([waterTool(calls)]), settings, { clock });
    const first = await triggers.run("dry-bed", reading(20));
    await vi.waitFor(() => expect(triggers.states[0]?.open).toBe(1), soon);
    await clock.advance(60_000);
    const second = await triggers.run("dry-bed", reading(10));
    // The later event takes the place of the earlier one, and the time goes on.
    expect(await triggers.ended(first.id)).toMatchObject({ outcome: "not-met" });
    expect(calls).toEqual([]);
    await vi.waitFor(() => expect(triggers.states[0]?.open).toBe(1), soon);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await clock.advance(4 * 60_000 + 1);
    expect(await triggers.ended(second.id)).toMatchObject({ outcome: "done" });
    expect(calls).toHaveLength(1);
  });

  test("an event that does not meet them ends the wait, and another topic does not", async () => {
    const calls: Watering[] = [];
    const clock = new ManualClock();
    const triggers = await openTestTriggers(await openTestAgent([waterTool(calls)]), settings, { clock });
    const first = await triggers.run("dry-bed", reading(20));
    const other = await triggers.run("dry-bed", { ...reading(80), topic: "garden/2/moisture" });
    expect(await triggers.ended(other.id)).toMatchObject({ outcome: "not-met" });
    expect(triggers.states[0]?.open).toBe(1);
    const second = await triggers.run("dry-bed", reading(50));
    expect(await triggers.ended(first.id)).toMatchObject({ outcome: "not-met" });
    expect(await triggers.ended(second.id)).toMatchObject({ outcome: "not-met" });
    await clock.advance(6 * 60_000);
    expect(calls).toEqual([]);
  });

  test("a wait goes on after a restart, without the time in between", async () => {
    const calls: Watering[] = [];
    const clock = new ManualClock();
    const agent = await openTestAgent([waterTool(calls)]);
    const first = await openTestTriggers(agent, settings, { clock });
    const { id } = await first.run("dry-bed", reading(20));
    await vi.waitFor(() => expect(first.states[0]?.open).toBe(1), soon);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await first.close();
    await clock.advance(60 * 60_000);
    const second = await openTestTriggers(agent, settings, { clock, folder: first.folder });
    await clock.advance(60_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(second.states[0]?.open).toBe(1);
    // Nor does it count for a later event.
    const later = await second.run("dry-bed", reading(10));
    expect(await second.ended(id)).toMatchObject({ outcome: "not-met" });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(calls).toEqual([]);
    await clock.advance(5 * 60_000);
    expect(await second.ended(later.id)).toMatchObject({ outcome: "done" });
    expect(calls).toHaveLength(1);
  });
});

describe("overlap", () => {
  const every = (overlap?: "skip" | "queue" | "replace") =>
    byHand({
      when: { every: "1h", ...(overlap && { overlap }) },
      do: { tool: "water_bed", arguments: { bed: "all" } },
    });

  test.each([
    ["skip", undefined, ["done", "skipped"], 1],
    ["queue", "queue", ["done", "done"], 2],
  ] as const)("%s", async (_name, overlap, outcomes, runs) => {
    const calls: Watering[] = [];
    let release = (_answer: string) => {};
    const act = () =>
      calls.length === 1
        ? new Promise<string>((resolve) => {
            release = resolve;
          })
        : "Watered.";
    const triggers = await openTestTriggers(await openTestAgent([waterTool(calls, { act })]), every(overlap));
    const first = await triggers.run("dry-bed");
    await vi.waitFor(() => expect(calls).toHaveLength(1), soon);
    const second = await triggers.run("dry-bed");
    if (overlap === undefined) await triggers.ended(second.id);
    release("Watered.");
    const ended = await Promise.all([first, second].map(({ id }) => triggers.ended(id)));
    expect(ended.map(({ outcome }) => outcome)).toEqual(outcomes);
    expect(calls).toHaveLength(runs);
  });

  test("replace ends the run before, which is unknown if its tool may have acted", async () => {
    for (const idempotent of [true, false]) {
      const calls: Watering[] = [];
      const act = (_input: Watering, { signal }: ToolRunOptions) =>
        calls.length === 1
          ? new Promise<string>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
          : "Watered.";
      const tool = waterTool(calls, { act, idempotent });
      const triggers = await openTestTriggers(await openTestAgent([tool]), every("replace"));
      const first = await triggers.run("dry-bed");
      await vi.waitFor(() => expect(calls).toHaveLength(1), soon);
      const second = await triggers.run("dry-bed");
      expect(await triggers.ended(first.id)).toMatchObject({ outcome: idempotent ? "replaced" : "unknown" });
      expect(await triggers.ended(second.id)).toMatchObject({ outcome: "done" });
      expect(triggers.unknownActs.length).toBe(idempotent ? 0 : 1);
    }
  });

  test("a schedule that cannot be read fails, and the other triggers work", async () => {
    const calls: Watering[] = [];
    const broken = byHand({ name: "broken", when: { schedule: "61 * * * *" } });
    const triggers = await openTestTriggers(await openTestAgent([waterTool(calls)]), [broken, byHand(), every()]);
    expect(triggers.states[0]).toMatchObject({ status: "failing", problem: expect.stringContaining("61") });
    const { id } = await triggers.run("dry-bed", reading(10));
    expect(await triggers.ended(id)).toMatchObject({ outcome: "done" });
  });

  test("a schedule has a next run, and acts at its time", async () => {
    const calls: Watering[] = [];
    const triggers = await openTestTriggers(await openTestAgent([waterTool(calls)]), {
      ...every(),
      when: { every: "1s" },
    });
    await vi.waitFor(() => expect(calls.length).toBeGreaterThan(0), soon);
    expect(triggers.states[0]).toMatchObject({ status: "armed", next_at: expect.stringMatching(/Z$/) });
  });
});

test("an event that was known to meet its conditions is not tested again after a restart", async () => {
  const folder = path.join(testFolder(), "events");
  const log = await EventLog.open(folder);
  const rule = { maxEvents: 10, whenFull: "refuse", repeats: null } as const;
  const accepted = await log.add({ trigger: "dry-bed", at: Date.now(), ...reading(90) }, rule);
  const { id } = accepted as { id: string };
  await log.append({ type: "checked", event: id, verdict: "met", reason: "It is below 30.", state: null });
  await log.close();
  const settings = byHand({ if: { value: "payload.percent", below: 30 } });
  const triggers = await openTestTriggers(await openTestAgent([waterTool([])]), settings, { folder });
  expect(await triggers.ended(id)).toMatchObject({ outcome: "done" });
});
