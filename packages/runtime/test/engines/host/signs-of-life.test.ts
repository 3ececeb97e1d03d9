import { spawn } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ProcessWork, readProcessWork, SignsOfLife } from "../../../src/engines/host/signs-of-life.js";

const patience = { stillMilliseconds: 15_000, cpuMilliseconds: 60_000, clockMilliseconds: 30_000 };

/** A process that takes this share of one processor, looked at once a second; the second in which it counts as hung. */
function hungAfter(cpuShare: number, pagesPerSecond: number, seconds: number, seenEvery = Infinity): number | null {
  let work: ProcessWork = { cpuMilliseconds: 0, pageFaults: 0 };
  const signs = new SignsOfLife(patience, () => work, 0);
  for (let second = 1; second <= seconds; second++) {
    work = {
      cpuMilliseconds: work.cpuMilliseconds + 1000 * cpuShare,
      pageFaults: work.pageFaults + pagesPerSecond,
    };
    if (second % seenEvery === 0) signs.see(second * 1000);
    if (signs.isHung(second * 1000)) return second;
  }
  return null;
}

describe("a process that says nothing", () => {
  test("hangs when it stands still", () => {
    expect(hungAfter(0, 0, 60)).toBe(16);
  });

  test("hangs when it only keeps its timers going", () => {
    expect(hungAfter(0.002, 0, 60)).toBe(16);
  });

  test("hangs when it computes without an end, by its own time and not by the clock", () => {
    expect(hungAfter(1, 0, 600)).toBe(61);
    expect(hungAfter(0.25, 0, 600)).toBe(241);
  });

  test("is slow while a busy machine or a slow disk lets it get on", () => {
    expect(hungAfter(0.05, 0, 600)).toBeNull();
    expect(hungAfter(0.001, 20, 600)).toBeNull();
  });

  test("is judged by the clock where the system does not report its work", () => {
    const signs = new SignsOfLife(patience, () => null, 0);
    expect(signs.isHung(29_999)).toBe(false);
    expect(signs.isHung(30_000)).toBe(true);
  });
});

test("a process that gives signs of life never hangs, however slow or busy it is", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 4, noNaN: true }), fc.integer({ min: 1, max: 14 }), (share, seenEvery) => {
      expect(hungAfter(share, 0, 300, seenEvery)).toBeNull();
    }),
  );
});

test.skipIf(process.platform !== "linux")("the kernel counts the work of a process", async () => {
  const child = spawn(process.execPath, ["-e", "for (;;);"]);
  try {
    const before = readProcessWork(child.pid ?? 0);
    let after = before;
    for (let wait = 0; wait < 200 && (after?.cpuMilliseconds ?? 0) < 100; wait++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      after = readProcessWork(child.pid ?? 0);
    }
    expect(after?.cpuMilliseconds).toBeGreaterThanOrEqual(100);
    expect(after?.pageFaults).toBeGreaterThan(0);
  } finally {
    child.kill("SIGKILL");
  }
  expect(readProcessWork(2 ** 22 + 1)).toBeNull();
});
