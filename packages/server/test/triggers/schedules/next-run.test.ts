import { afterEach, describe, expect, test, vi } from "vitest";
import { type RunRule, readRule } from "../../../src/triggers/schedules/read-rule.js";
import { bruteForceRuns } from "./brute-force-runs.js";

const DAY = 24 * 60 * 60 * 1000;
const zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"];

afterEach(() => {
  vi.unstubAllEnvs();
});

function runsOf(rule: RunRule, from: number, to: number): number[] {
  const runs: number[] = [];
  for (let run = rule.nextAfter(from - 1); run !== null && run < to; run = rule.nextAfter(run)) runs.push(run);
  return runs;
}

async function runsAt(schedule: string, time_zone: string, day: string) {
  const from = Date.parse(`${day}T00:00:00Z`) - DAY / 2;
  return runsOf(await readRule({ schedule, time_zone }), from, from + DAY).map((run) =>
    new Date(run).toISOString().slice(11, 16),
  );
}

describe("changes of the clocks", () => {
  // In Berlin, 2:00 becomes 3:00 on 28 March 2027 at 1:00 UTC.
  test.each([
    ["30 2 * * *", ["01:00"]],
    ["0,30 2 * * *", ["01:00"]],
    ["0 2,3 * * *", ["01:00"]],
    ["0-59/30 2 * * *", ["01:00"]],
    // The hour of the field does not exist.
    ["*/30 2 * * *", []],
    ["0 */6 * * *", ["17:00", "23:00", "04:00", "10:00"]],
  ])("a skipped hour: %s", async (line, times) => {
    expect(await runsAt(line, "Europe/Berlin", "2027-03-28")).toEqual(times);
  });

  // In Berlin, 3:00 becomes 2:00 on 31 October 2027 at 1:00 UTC.
  test.each([
    ["30 2 * * *", ["00:30"]],
    ["0,30 2 * * *", ["00:00", "00:30"]],
    ["*/30 2 * * *", ["00:00", "00:30", "01:00", "01:30"]],
    ["30 1-3 * * *", ["23:30", "00:30", "02:30"]],
  ])("a repeated hour: %s", async (line, times) => {
    expect(await runsAt(line, "Europe/Berlin", "2027-10-31")).toEqual(times);
  });

  // On Lord Howe, 2:00 becomes 2:30 on 3 October 2027, and 2:00 becomes 1:30 on 4 April 2027.
  test.each([
    ["15 2 * * *", "2027-10-03", ["15:30"]],
    ["15 2 * * *", "2027-04-04", ["15:45"]],
    ["45 1 * * *", "2027-04-04", ["14:45"]],
    ["*/15 1 * * *", "2027-04-04", ["14:00", "14:15", "14:30", "14:45", "15:00", "15:15"]],
  ])("half an hour: %s on Lord Howe on %s", async (line, day, times) => {
    expect(await runsAt(line, "Australia/Lord_Howe", day)).toEqual(times);
  });
});

describe("a year of runs, compared with a look at every minute", () => {
  test.each([
    "30 2 * * *",
    "0-59/20 1-2 * * *",
    "*/30 */2 * * *",
    "0 12 13 * 5",
    "0 12 */3 * 1",
    "59 23 31 * *",
    "0 0 29 2 *",
    "5 4 1-7 3,10 0",
  ])("%s", async (line) => {
    const [from, to] = [Date.UTC(2027, 9, 1), Date.UTC(2028, 9, 1)];
    for (const timeZone of zones) {
      const rule = await readRule({ schedule: line, time_zone: timeZone });
      expect(runsOf(rule, from, to)).toEqual(bruteForceRuns({ line, timeZone, from, to }));
    }
  });

  test.each(["30 30 2 * * *", "*/20 30 2 * * *", "0,30 59 1 * * *", "10 */30 * * * *"])(
    "with seconds: %s",
    async (line) => {
      for (const [timeZone, day] of [
        ["Europe/Berlin", "2027-03-28"],
        ["America/New_York", "2027-11-07"],
        ["Australia/Lord_Howe", "2027-04-03"],
      ] as const) {
        const from = Date.parse(`${day}T00:00:00Z`);
        const rule = await readRule({ schedule: line, time_zone: timeZone });
        expect(runsOf(rule, from, from + DAY)).toEqual(bruteForceRuns({ line, timeZone, from, to: from + DAY }));
      }
    },
  );

  test.each([...zones, "UTC"])("without a name, the time zone of the system counts: %s", async (timeZone) => {
    vi.stubEnv("TZ", timeZone);
    const [from, to] = [Date.UTC(2027, 2, 1), Date.UTC(2027, 10, 30)];
    for (const line of ["30 2 * * *", "*/30 1-3 * * *", "45 1 * * 0"]) {
      const expected = bruteForceRuns({ line, timeZone, from, to });
      for (const time_zone of [undefined, timeZone]) {
        expect(runsOf(await readRule({ schedule: line, time_zone }), from, to)).toEqual(expected);
      }
    }
  });

  test("from any moment, also back in time", async () => {
    const line = "15 1-3 * * *";
    for (const timeZone of zones) {
      const rule = await readRule({ schedule: line, time_zone: timeZone });
      const from = Date.UTC(2027, 9, 1);
      const runs = bruteForceRuns({ line, timeZone, from, to: from + 60 * DAY });
      for (let index = 0; index < 200; index++) {
        const at = from + ((index * 7_919_000_003) % (50 * DAY));
        expect(rule.nextAfter(at)).toBe(runs.find((run) => run > at));
      }
      const [first = 0, second = 0] = runs;
      expect([first - 1, first, first + 1, second - 1].map((at) => rule.nextAfter(at))).toEqual([
        first,
        second,
        second,
        second,
      ]);
    }
  });
});
