import { describe, expect, test } from "vitest";
import { simulate } from "./simulated-time.js";

const isFull = Boolean(process.env.NANOAGENT_SOAK);

// Each tenth contains changes of the clocks in Berlin, New York and on Lord Howe, where it is half an hour.
const spans = isFull
  ? [{ name: "a year", from: Date.UTC(2027, 0, 1), days: 366 }]
  : [
      { name: "spring", from: Date.UTC(2027, 2, 7), days: 34 },
      { name: "autumn", from: Date.UTC(2027, 9, 1), days: 40 },
    ];

describe("simulated time, with power cuts and a clock that jumps", () => {
  test.each(spans)(
    "$name: the expected runs, and no other",
    async ({ from, days }) => {
      for (const seed of isFull ? [1, 2, 3, 4] : [1]) {
        const { expected, lost, extra, cuts, jumps } = await simulate({
          from,
          days,
          seed,
          zones: ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"],
          lines: [
            "0 6 * * *",
            "30 2 * * *",
            "0 * * * *",
            "*/20 2 * * *",
            "15 1,2,3 * * *",
            "0 0 1 * *",
            "45 1 13 * 5",
            "*/30 * * * 1-5",
          ],
          intervals: ["10m", "7h"],
          missed: ["skip", "once", "all up to 5", "all up to 1000"],
        });
        expect({ seed, lost, extra }).toEqual({ seed, lost: [], extra: [] });
        expect(expected).toBeGreaterThan(100 * days);
        expect(cuts + jumps).toBeGreaterThan(days / 10);
      }
    },
    isFull ? 600_000 : 60_000,
  );
});
