import { describe, expect, it } from "vitest";
import { mean, median, summarizeOverBare, summarizeSamples } from "../src/summarize-samples.mjs";

describe("summarizeSamples", () => {
  it.each([
    { samples: [7], minimum: 7, middle: 7 },
    { samples: [9, 1, 4], minimum: 1, middle: 4 },
    { samples: [8, 1, 4, 2], minimum: 1, middle: 3 },
    { samples: [100, 20, 3], minimum: 3, middle: 20 },
  ])("of $samples", ({ samples, minimum, middle }) => {
    expect(summarizeSamples(samples)).toEqual({ minimum, median: middle, runs: samples.length });
  });

  it("does not reorder the samples", () => {
    const samples = [3, 1, 2];
    summarizeSamples(samples);
    expect(samples).toEqual([3, 1, 2]);
  });

  it("subtracts bare Node, statistic by statistic", () => {
    expect(summarizeOverBare([50, 41, 60], [33, 30, 40, 35])).toEqual({ minimum: 11, median: 16, runs: 3 });
  });

  it("can be negative on a busy machine", () => {
    expect(summarizeOverBare([30], [33]).minimum).toBe(-3);
  });

  it("refuses an empty list", () => {
    expect(() => median([])).toThrow(RangeError);
    expect(() => mean([])).toThrow(RangeError);
  });
});
