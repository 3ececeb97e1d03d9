import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../../src/triggers/schedules/clock.js";
import { localEvidence } from "../../../src/triggers/schedules/clock-evidence.js";
import { WallClock } from "../../../src/triggers/schedules/wall-clock.js";
import { evidence, FakeClock } from "./fake-clock.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOON = Date.UTC(2027, 5, 1, 12);

function setUp(options: { offset?: number; newestAt?: number | null; facts?: Parameters<typeof evidence>[0] } = {}) {
  const clock = new FakeClock(NOON);
  clock.offset = options.offset ?? 0;
  const uptime = () => clock.real - NOON;
  const wallClock = new WallClock({
    clock,
    newestAt: options.newestAt ?? null,
    evidence: evidence({ uptime, ...options.facts }),
  });
  return { clock, wallClock };
}

describe("a plausible clock", () => {
  test("one with a battery is plausible at once", () => {
    expect(setUp().wallClock.problem).toBeNull();
    expect(setUp({ newestAt: NOON - DAY }).wallClock.isPlausible).toBe(true);
    expect(setUp({ newestAt: NOON + 59 * MINUTE }).wallClock.isPlausible).toBe(true);
  });

  test("one that was never set waits until it is, however long", async () => {
    const { clock, wallClock } = setUp({ offset: -NOON, facts: { hasClock: false, isSynchronized: true } });
    wallClock.addAlarm(() => {});
    expect(wallClock.problem).toBe(
      "The clock of this device shows 1970-01-01T00:00:00.000Z, so it was never set. Scheduled runs wait until it is set, by a time server or by hand.",
    );
    await clock.advanceTo(NOON + DAY);
    expect(wallClock.isPlausible).toBe(false);
    clock.offset = 0;
    await clock.advanceTo(NOON + DAY + 10 * SECOND);
    expect(wallClock.isPlausible).toBe(true);
  });

  test.each<[string, Parameters<typeof setUp>[0] & object, RegExp]>([
    ["a board without a battery", { facts: { hasClock: false } }, /does not go on while the device is off/],
    [
      "a clock behind the newest event",
      { newestAt: NOON + 2 * HOUR },
      /shows 2027-06-01T12:00:00.000Z, which is before the newest event/,
    ],
  ])("%s waits for a time server, ten minutes, or a jump", async (_, options, problem) => {
    expect(setUp(options).wallClock.problem).toMatch(problem);
    expect(setUp({ ...options, facts: { ...options.facts, isSynchronized: true } }).wallClock.isPlausible).toBe(true);

    const waiting = setUp(options);
    let calls = 0;
    waiting.wallClock.addAlarm(() => (calls += 1));
    await waiting.clock.advanceTo(NOON + 10 * MINUTE - 1);
    expect([waiting.wallClock.isPlausible, calls]).toEqual([false, 0]);
    await waiting.clock.advanceTo(NOON + 10 * MINUTE + 10 * SECOND);
    expect([waiting.wallClock.isPlausible, calls]).toEqual([true, 1]);

    const set = setUp(options);
    set.wallClock.addAlarm(() => {});
    set.clock.offset = 3 * SECOND;
    await set.clock.advanceTo(NOON + 10 * SECOND);
    expect(set.wallClock.isPlausible).toBe(true);
  });
});

describe("alarms", () => {
  test("call back at their time, each once, with one timer for all", async () => {
    const { clock, wallClock } = setUp();
    const calls: [number, number][] = [];
    for (const minutes of [3, 1, 2, 1]) {
      const alarm = wallClock.addAlarm(() => calls.push([minutes, clock.now() - NOON]));
      alarm.set(NOON + minutes * MINUTE + 5);
    }
    expect(clock.timers).toBe(1);
    await clock.advanceTo(NOON + HOUR);
    expect(calls).toEqual([1, 1, 2, 3].map((minutes) => [minutes, minutes * MINUTE + 5]));
    expect([clock.timers, clock.longestTimer]).toEqual([1, 10 * SECOND]);
  });

  test("sleep longer than a timer of Node can", async () => {
    const { clock, wallClock } = setUp();
    const calls: number[] = [];
    wallClock.addAlarm(() => calls.push(clock.now())).set(NOON + 90 * DAY);
    await clock.advanceTo(NOON + 100 * DAY, () => true);
    expect(calls).toEqual([NOON + 90 * DAY]);
  });

  test.each([3 * SECOND, -3 * SECOND, DAY, -DAY])("all call back after a jump of %d ms, within 10 s", async (jump) => {
    const { clock, wallClock } = setUp();
    const calls: number[] = [];
    wallClock.addAlarm(() => calls.push(clock.real - NOON));
    await clock.advanceTo(NOON + 4 * SECOND);
    clock.offset = jump;
    await clock.advanceTo(NOON + MINUTE);
    expect(calls).toEqual([10 * SECOND]);
  });

  test("a clock that is set little by little does not jump", async () => {
    const { clock, wallClock } = setUp();
    let calls = 0;
    wallClock.addAlarm(() => (calls += 1));
    for (let tick = 1; tick < 100; tick++) {
      clock.offset += 500;
      await clock.advanceTo(NOON + tick * 10 * SECOND, () => true);
    }
    expect(calls).toBe(0);
  });

  test("a closed one never calls back, and the last leaves no timer", async () => {
    const { clock, wallClock } = setUp();
    let calls = 0;
    const alarm = wallClock.addAlarm(() => (calls += 1));
    const other = wallClock.addAlarm(() => alarm.close());
    alarm.set(NOON + 2);
    other.set(NOON + 1);
    await clock.advanceTo(NOON + MINUTE);
    other.close();
    alarm.set(NOON + HOUR);
    expect([calls, clock.timers]).toEqual([0, 0]);
  });

  test("ring with the clock of the system", async () => {
    const wallClock = new WallClock({ clock: systemClock, newestAt: null, evidence: evidence() });
    let calledAt = 0;
    const time = Date.now() + 50;
    const alarm = wallClock.addAlarm(() => (calledAt ||= Date.now()));
    alarm.set(time);
    await vi.waitFor(() => expect(calledAt).toBeGreaterThanOrEqual(time), { timeout: 20_000 });
    alarm.close();
  });
});

describe("facts about the clock of this device", () => {
  let folder = "";
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test("a hardware clock is a device, and a synchronized one has a file", async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-clock-"));
    const devices = path.join(folder, "dev");
    const synchronizedFile = path.join(folder, "synchronized");
    const facts = localEvidence({ platform: "linux", devices, synchronizedFile });
    expect([facts.hasHardwareClock(), facts.isSynchronized()]).toEqual([false, false]);
    await mkdir(devices);
    await writeFile(path.join(devices, "rtcx"), "");
    expect(facts.hasHardwareClock()).toBe(false);
    await writeFile(path.join(devices, "rtc0"), "");
    await writeFile(synchronizedFile, "");
    expect([facts.hasHardwareClock(), facts.isSynchronized()]).toEqual([true, true]);
    expect(facts.uptimeMilliseconds()).toBeGreaterThan(0);
    expect(localEvidence({ platform: "darwin", devices: folder }).hasHardwareClock()).toBe(true);
  });
});
