import type { IntervalSource, ScheduleSource as ScheduleSettings } from "@nanoagent/models";
import { describe, expect, test } from "vitest";
import { readRule } from "../../../src/triggers/schedules/read-rule.js";
import { ScheduleSource } from "../../../src/triggers/schedules/schedule-source.js";
import { WallClock } from "../../../src/triggers/schedules/wall-clock.js";
import type { Acceptance, NewEvent } from "../../../src/triggers/trigger-event.js";
import { evidence, FakeClock, flush } from "./fake-clock.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const NOON = Date.UTC(2027, 5, 1, 12);

/** A source with its log. `restart` begins again with the same log. */
async function setUp(
  settings: ScheduleSettings | IntervalSource,
  { offset = 0, random = () => 0.5 }: { offset?: number; random?: () => number } = {},
) {
  const clock = new FakeClock(NOON + 20 * SECOND);
  clock.offset = offset;
  const events: NewEvent[] = [];
  const records: { rule: string; through: number }[] = [];
  const device = {
    clock,
    events,
    records,
    reply: { status: "kept", id: "1" } as Acceptance,
    /** Minutes since noon of the runs that were handed out; missed ones are negative. */
    get runs(): number[] {
      return events.map(({ payload }) => {
        const { scheduled_at, missed } = payload as { scheduled_at: string; missed: boolean };
        const minutes = (Date.parse(scheduled_at) - NOON) / MINUTE;
        return missed ? -minutes : minutes;
      });
    },
    async start(changed: ScheduleSettings | IntervalSource = settings) {
      const rule = await readRule(changed);
      const wallClock = new WallClock({ clock, newestAt: null, evidence: evidence() });
      const source = new ScheduleSource({
        trigger: "test",
        settings: changed,
        rule,
        wallClock,
        random,
        progress: {
          read: (text) => {
            const last = records.at(-1);
            return last?.rule === text ? last.through : null;
          },
          write: async (text, through) => void records.push({ rule: text, through }),
        },
      });
      source.start(async (event) => {
        await Promise.resolve();
        if (device.reply.status !== "kept") return device.reply;
        events.push(event);
        if (event.reached !== undefined) records.push(event.reached);
        return device.reply;
      });
      await flush();
      return source;
    },
    advance: (minutes: number) => clock.advanceTo(NOON + minutes * MINUTE + 20 * SECOND),
  };
  return { device, source: await device.start() };
}

describe("schedules", () => {
  test("the event of a run has its time, and the time reached", async () => {
    const { device, source } = await setUp({ schedule: "*/10 * * * *", time_zone: "UTC" });
    expect(source.state).toEqual({ status: "listening", problem: null, nextAt: NOON + 10 * MINUTE });
    await device.advance(25);
    expect(device.runs).toEqual([10, 20]);
    expect(device.events[0]).toEqual({
      trigger: "test",
      at: NOON + 10 * MINUTE,
      payload: { scheduled_at: "2027-06-01T12:10:00.000Z", missed: false },
      reached: { rule: "*/10 * * * * UTC", through: NOON + 10 * MINUTE },
    });
    await source.close();
    await source.close();
    await device.advance(60);
    expect([device.runs.length, device.clock.timers]).toEqual([2, 0]);
  });

  test.each([
    [undefined, []],
    ["once", [-50]],
    ["all up to 3", [-30, -40, -50]],
  ])("missed: %s", async (missed, expected) => {
    const { device, source } = await setUp({ every: "10m", missed });
    await source.close();
    await device.advance(55);
    await device.start();
    expect(device.runs).toEqual(expected);
    await device.advance(65);
    expect(device.runs).toEqual([...expected, 60]);
  });

  test.each([
    [undefined, []],
    ["once", [-8]],
    ["all up to 3", [-4, -6, -8]],
    ["all up to 100", [-2, -4, -6, -8]],
  ])("runs of an outage of seconds are missed: %s", async (missed, expected) => {
    const { device, source } = await setUp({ every: "2s", missed });
    await source.close();
    await device.advance(9 / 60);
    await device.start();
    const seconds = () => device.runs.map((minutes) => Math.round(minutes * 60 - Math.sign(minutes) * 20));
    expect(seconds()).toEqual(expected);
    await device.advance(13 / 60);
    expect(seconds()).toEqual([...expected, 10, 12]);
  });

  test("what a laptop slept through is missed, and a run that comes seconds late is not", async () => {
    const { device } = await setUp({ schedule: "* * * * *", missed: "all up to 5" });
    // The clock that never jumps stands still meanwhile.
    device.clock.offset = 45 * SECOND;
    await device.advance(0.5);
    expect(device.runs).toEqual([-1]);
    device.clock.offset += 6 * SECOND;
    await device.advance(1.5);
    expect(device.runs).toEqual([-1, 2]);
    // The program was busy.
    device.clock.real = NOON + 2 * MINUTE + 40 * SECOND;
    await device.advance(2.5);
    expect(device.runs).toEqual([-1, 2, 3]);
  });

  test("runs before the clock was set are missed", async () => {
    const { device } = await setUp({ every: "10s" }, { offset: -NOON });
    device.records.push({ rule: "every 10000ms", through: NOON });
    await device.advance(0.5);
    device.clock.offset = 0;
    await device.advance(0.8);
    const due = Math.min(...device.runs);
    expect(due * 60).toBeGreaterThan(50);
    expect(device.events[0]?.at).toBe(NOON + due * MINUTE);
  });

  test("the next run is shown with its jitter, and never in the past", async () => {
    const { device, source } = await setUp({ every: "10m", jitter: "4m" });
    expect(source.state.nextAt).toBe(NOON + 12 * MINUTE);
    await device.advance(11);
    expect(source.state.nextAt).toBe(NOON + 12 * MINUTE);
    await source.close();
    await device.advance(11.5);
    expect((await device.start()).state.nextAt).toBe(NOON + 12 * MINUTE);
    await device.advance(13);
    expect(device.runs).toEqual([10]);
  });

  test("runs before the first start are not missed, nor those of another rule", async () => {
    const { device, source } = await setUp({ every: "10m", missed: "all up to 100" });
    expect(device.runs).toEqual([]);
    await source.close();
    await device.advance(55);
    await device.start({ every: "5m", missed: "all up to 100" });
    expect(device.runs).toEqual([]);
  });

  test("nothing runs before the clock is set; then what was missed does", async () => {
    const { device, source } = await setUp({ every: "1h", missed: "all up to 2" }, { offset: -NOON });
    device.records.push({ rule: "every 3600000ms", through: NOON - 5 * HOUR });
    await device.advance(2);
    expect(source.state).toMatchObject({
      status: "waiting",
      nextAt: null,
      problem: expect.stringMatching(/never set/),
    });
    expect(device.records.length).toBe(1);
    device.clock.offset = 0;
    await device.advance(3);
    expect(device.runs).toEqual([60, -0]);
    expect(source.state.status).toBe("listening");
  });

  test("a clock that goes back by an hour repeats nothing; by a day, it does", async () => {
    const { device } = await setUp({ every: "10m" });
    await device.advance(65);
    device.clock.offset = -HOUR;
    await device.advance(125);
    expect(device.runs).toEqual([10, 20, 30, 40, 50, 60]);
    await device.advance(135);
    expect(device.runs.at(-1)).toBe(70);
    device.clock.offset = -25 * HOUR;
    await device.advance(145);
    expect(device.runs.at(-1)).toBe(70 + 10 - 24 * 60);
  });

  test("jitter delays each run by another time, and never forgets one", async () => {
    const numbers = [0.9, 0.1, 0.5, 0, 0.99, 0.3];
    const { device } = await setUp({ every: "10m", jitter: "8m" }, { random: () => numbers.shift() ?? 0.5 });
    await device.advance(65);
    expect(device.runs).toEqual([10, 20, 30, 40, 50, 60]);
    const delays = device.events.map(({ at }, index) => (at - NOON - (index + 1) * 10 * MINUTE) / MINUTE);
    expect(delays).toEqual([7.2, 0.8, 4, 0, 7.92, 2.4]);
  });

  test("a run that waits for its jitter is not missed after a restart", async () => {
    const { device, source } = await setUp({ every: "1h", jitter: "30m" });
    await device.advance(70);
    expect(device.runs).toEqual([]);
    await source.close();
    await device.advance(72);
    await device.start();
    await device.advance(80);
    expect(device.runs).toEqual([60]);
  });

  test.each(["full", "not-saved"] as const)(
    "a run that is refused (%s) is offered again, and shown",
    async (reason) => {
      const { device, source } = await setUp({ every: "10m" });
      device.reply = { status: "refused", reason };
      await device.advance(10);
      expect(source.state).toMatchObject({
        status: "failing",
        problem: expect.stringMatching(/^The run of 2027-06-01T12:10:00.000Z is not in the queue: /),
      });
      device.reply = { status: "kept", id: "1" };
      await device.advance(11);
      expect(device.runs).toEqual([10]);
      expect(source.state.status).toBe("listening");
    },
  );

  test("a run that the queue drops is not offered again", async () => {
    const { device, source } = await setUp({ every: "10m" });
    device.reply = { status: "dropped" };
    await device.advance(12);
    expect(source.state.status).toBe("listening");
    expect(device.records.at(-1)?.through).toBe(NOON + 10 * MINUTE);
  });

  test("the next run may be years away", async () => {
    const { source } = await setUp({ schedule: "0 0 29 2 *", time_zone: "UTC" });
    expect(source.state.nextAt).toBe(Date.UTC(2028, 1, 29));
  });

  test("many schedules share one timer of 10 s, and set it only as often", async () => {
    const clock = new FakeClock(NOON);
    const wallClock = new WallClock({ clock, newestAt: null, evidence: evidence() });
    const rule = await readRule({ schedule: "0 0 1 1 *" });
    let through: number | null = null;
    const progress = {
      read: () => through,
      write: async (_: string, time: number) => {
        through = time;
      },
    };
    const settings = { schedule: "0 0 1 1 *" };
    for (let index = 0; index < 20; index++) {
      const source = new ScheduleSource({ trigger: `test-${index}`, settings, rule, wallClock, progress });
      source.start(async () => ({ status: "kept", id: "1" }));
    }
    await flush();
    const before = clock.timersSet;
    await clock.advanceTo(NOON + HOUR, () => true);
    expect([clock.timers, clock.timersSet - before]).toEqual([1, 360]);
  });
});
