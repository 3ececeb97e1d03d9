import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dueRuns } from "../../../src/triggers/schedules/missed-runs.js";
import { type RunRule, readRule } from "../../../src/triggers/schedules/read-rule.js";

const HOUR = 60 * 60_000;
const NOON = Date.UTC(2027, 5, 1, 12);
const LATE = 60_000;

function ruleOf(times: readonly number[]): RunRule {
  return { text: "", nextAfter: (time) => times.find((run) => run > time) ?? null };
}

describe("runs that are due", () => {
  const hourly = ruleOf(Array.from({ length: 24 }, (_, hour) => NOON + hour * HOUR));
  const due = (hours: number, missed?: string) =>
    dueRuns(hourly, NOON, NOON + hours * HOUR, { missed, missedBefore: NOON + hours * HOUR - LATE }).runs.map(
      (run) => (run - NOON) / HOUR,
    );

  test("late runs are handed out, missed ones by the setting", () => {
    expect([due(0.5), due(1), due(1.01), due(1.5)]).toEqual([[], [1], [1], []]);
    expect([due(3.5), due(3.5, "skip"), due(3.5, "once"), due(3.5, "all up to 2"), due(3.5, "all up to 9")]).toEqual([
      ...[[], [], [3], [2, 3], [1, 2, 3]],
    ]);
    expect([due(3), due(3, "once"), due(3, "all up to 1")]).toEqual([[3], [3], [2, 3]]);
  });

  test("what was left out is not looked at again", () => {
    expect(dueRuns(hourly, NOON, NOON + 3.5 * HOUR, { missed: "skip", missedBefore: NOON + 3.4 * HOUR })).toEqual({
      runs: [],
      through: NOON + 3.4 * HOUR - 1,
    });
    const half = NOON + 0.5 * HOUR;
    expect(dueRuns(hourly, NOON, half, { missed: "skip", missedBefore: half }).through).toBe(NOON);
  });

  test("is the same as a look at all of them", () => {
    const gaps = fc.array(fc.oneof(fc.constant(1000), fc.integer({ min: 1000, max: 500_000 })), {
      minLength: 1,
      maxLength: 60,
    });
    const missed = fc.constantFrom("skip", "once", "all up to 1", "all up to 3", "all up to 50");
    fc.assert(
      fc.property(
        gaps,
        fc.nat(20_000_000),
        fc.nat(2_000_000),
        fc.nat(100_000),
        missed,
        (distances, after, past, late, setting) => {
          let time = NOON;
          const times = distances.map((distance) => (time += distance));
          const now = NOON + after;
          const through = now - past;
          const open = times.filter((run) => run > through && run <= now);
          const missedBefore = now - late;
          const current = open.filter((run) => run >= missedBefore);
          const gone = open.filter((run) => run < missedBefore);
          const count =
            setting === "skip" || (setting === "once" && current.length > 0) ? 0 : Number(setting.split(" ")[3] ?? 1);
          const made = count === 0 ? [] : gone.slice(-count);
          const result = dueRuns(ruleOf(times), through, now, { missed: setting, missedBefore });
          expect(result.runs).toEqual([...made, ...current]);
          expect(dueRuns(ruleOf(times), result.through, now, { missed: setting, missedBefore }).runs).toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each(["skip", "once", "all up to 9999"])("a year of runs each second takes little: %s", async (missed) => {
    let calls = 0;
    const rule = await readRule({ every: "1s" });
    const counted = { ...rule, nextAfter: (time: number) => ++calls && rule.nextAfter(time) };
    const now = NOON + 365 * 24 * HOUR;
    const { runs, through } = dueRuns(counted, NOON, now, { missed, missedBefore: now - LATE });
    expect(runs.length).toBe(missed.startsWith("all") ? 1000 : 61);
    expect([runs.at(-1), through]).toEqual([now, now]);
    expect(calls).toBeLessThan(10_000);
  });

  test("a long jitter keeps the newest 1000", async () => {
    const rule = await readRule({ every: "1s" });
    const { runs } = dueRuns(rule, NOON, NOON + 24 * HOUR, { missed: "skip", missedBefore: NOON });
    expect([runs.length, runs[0]]).toEqual([1000, NOON + 24 * HOUR - 999_000]);
  });
});
