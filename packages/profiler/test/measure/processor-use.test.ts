import { describe, expect, it } from "vitest";
import { othersShare, type ProcessorUse, readProcessorUse } from "../../src/measure/processor-use.js";
import { FixtureMachine } from "../../src/testing/index.js";

const use = (changes: Partial<ProcessorUse>): ProcessorUse => ({
  busyTicks: 0,
  totalTicks: 0,
  processors: 2,
  ownSeconds: 0,
  atSeconds: 0,
  ...changes,
});

describe("readProcessorUse", () => {
  const stat = [
    "cpu  100 20 30 400 50 6 7 8 0 0",
    "cpu0 1 2 3 100 50 4 5 6 1 1",
    "cpu1 10 0 0 90 0 0 0 0 0 0",
    "cpu2 7 7 7 7 7 7 7 7",
    "intr 99999 0 0",
  ].join("\n");

  it("adds up the allowed processors, with waiting time as idle and stolen time as busy", async () => {
    const machine = new FixtureMachine({
      files: { "/proc/stat": stat, "/proc/self/status": "Name:\tnode\nCpus_allowed_list:\t0-1\n" },
    });
    expect(await readProcessorUse(machine)).toMatchObject({ busyTicks: 31, totalTicks: 271, processors: 2 });
  });

  it("adds up all processors if the allowed ones are unknown", async () => {
    const machine = new FixtureMachine({ files: { "/proc/stat": stat } });
    expect(await readProcessorUse(machine)).toMatchObject({ processors: 3 });
  });

  it.each([
    ["absent", undefined],
    ["forbidden", { errno: "EACCES" }],
    ["empty", ""],
    ["nonsense", "cpu0 a b c\ncpu1 -1 2 3 4 5 6 7 8\ncpu2 1 2\ncpu3 99999999999999999999 1 1 1 1 1 1 1"],
  ])("is null when /proc/stat is %s", async (_, file) => {
    const machine = new FixtureMachine({ files: file === undefined ? {} : { "/proc/stat": file } });
    expect(await readProcessorUse(machine)).toBeNull();
  });
});

describe("othersShare", () => {
  it("is the busy time of other processes", () => {
    // Two processors for 10 s: 1000 ticks each, 1500 busy, of which 10 s are ours.
    const after = use({ busyTicks: 1500, totalTicks: 2000, ownSeconds: 10, atSeconds: 10 });
    expect(othersShare(use({}), after)).toBeCloseTo(0.25);
  });

  it("is from 0 to 1 for any clock values", () => {
    expect(othersShare(use({}), use({ busyTicks: 1, totalTicks: 2000, ownSeconds: 20, atSeconds: 10 }))).toBe(0);
    expect(othersShare(use({}), use({ busyTicks: 4000, totalTicks: 2000, atSeconds: 10 }))).toBe(1);
  });

  it.each([
    ["the first reading is missing", null, use({ totalTicks: 9, atSeconds: 1 })],
    ["the second reading is missing", use({}), null],
    ["a processor went offline", use({}), use({ totalTicks: 9, atSeconds: 1, processors: 1 })],
    ["the counters went backwards", use({ totalTicks: 9 }), use({ atSeconds: 1 })],
    ["no time passed", use({}), use({ totalTicks: 9 })],
  ])("is null if %s", (_, before, after) => {
    expect(othersShare(before, after)).toBeNull();
  });
});
