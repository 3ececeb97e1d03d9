import { SpeedForecast } from "@nanoagent/models";
import { describe, expect, test } from "vitest";
import { issuesOf } from "./issues-of.js";
import { sampleForecast } from "./samples.js";

test("survives JSON unchanged", () => {
  expect(SpeedForecast.parse(JSON.parse(JSON.stringify(sampleForecast)))).toEqual(sampleForecast);
});

describe.each(["prefill_at_start", "prefill_at_full_context", "decode_at_start", "decode_at_full_context"] as const)(
  "%s",
  (rate) => {
    const withRate = (change: object) => ({ ...sampleForecast, [rate]: { ...sampleForecast[rate], ...change } });

    test.each(["expected", "low", "high"])("%s is a number of at least 0", (key) => {
      expect(issuesOf(SpeedForecast, withRate({ [key]: 0 }))).toEqual([]);
      for (const value of [-0.1, Number.NaN, Number.POSITIVE_INFINITY, null, "12"]) {
        expect(issuesOf(SpeedForecast, withRate({ [key]: value })), String(value)).toEqual([
          expect.stringMatching(`^${rate}\\.${key} \\(invalid\\): expected a number of at least 0, found `),
        ]);
      }
    });

    test("refuses other keys, and requires all of its own", () => {
      expect(issuesOf(SpeedForecast, withRate({ mean: 1 }))).toEqual([
        `${rate}.mean (unknown-key): unknown key: expected one of expected, low, high`,
      ]);
      expect(issuesOf(SpeedForecast, withRate({ low: undefined }))).toEqual([
        `${rate}.low (missing): missing: expected a number of at least 0`,
      ]);
    });
  },
);

test("the grade is measured, calibrated or prior", () => {
  expect(issuesOf(SpeedForecast, { ...sampleForecast, grade: "guess" })).toEqual([
    'grade (invalid): expected "measured" or "calibrated" or "prior", found "guess" (a string)',
  ]);
});
