import { spawn } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readProcessWork } from "../../../src/engines/host/read-process-work.js";
import { type ProcessWork, SignsOfLife } from "../../../src/engines/host/signs-of-life.js";

const patience = {
  stillMilliseconds: 15_000,
  diskMilliseconds: 100_000,
  mainThreadMilliseconds: 60_000,
  cpuMilliseconds: 600_000,
  clockMilliseconds: 30_000,
};

interface Silence {
  /** Processors that its main thread and its other threads use. */
  main?: number;
  others?: number;
  pagesPerSecond?: number;
  bytesPerSecond?: number;
  /** Second after which it no longer waits for a disk. */
  waitsUntil?: number;
  /** Seconds between two signs of life. */
  seenEvery?: number;
  /** Seconds between two signs of the main thread. */
  mainThreadSeenEvery?: number;
}

/** Checks a simulated process once a second. Returns how it hangs and the second in which that is found. */
function hangOf(silence: Silence, seconds: number) {
  const { main = 0, others = 0, pagesPerSecond = 0, bytesPerSecond = 0, waitsUntil = 0 } = silence;
  const { seenEvery = Infinity, mainThreadSeenEvery = Infinity } = silence;
  let work: ProcessWork = { cpuMilliseconds: 0, mainThreadMilliseconds: 0, pageFaults: 0 };
  const signs = new SignsOfLife(patience, () => work, 0);
  for (let second = 1; second <= seconds; second++) {
    work = {
      cpuMilliseconds: work.cpuMilliseconds + 1000 * (main + others),
      mainThreadMilliseconds: work.mainThreadMilliseconds + 1000 * main,
      pageFaults: work.pageFaults + pagesPerSecond,
      bytesWritten: (work.bytesWritten ?? 0) + bytesPerSecond,
      waitsForDisk: () => second < waitsUntil,
    };
    if (second % seenEvery === 0) signs.see(second * 1000);
    if (second % mainThreadSeenEvery === 0) signs.seeMainThread();
    const hang = signs.findHang(second * 1000);
    if (hang !== null) return { hang, second };
  }
  return null;
}

describe("a silent process", () => {
  test("hangs when it is idle", () => {
    expect(hangOf({}, 60)).toEqual({ hang: "still", second: 16 });
  });

  test("hangs when it only keeps its timers going", () => {
    expect(hangOf({ main: 0.002 }, 60)).toEqual({ hang: "still", second: 16 });
  });

  test("hangs when it computes without end, measured by processor time", () => {
    expect(hangOf({ main: 1 }, 600)).toEqual({ hang: "endless", second: 61 });
    expect(hangOf({ main: 0.25 }, 600)).toEqual({ hang: "endless", second: 241 });
  });

  test("is slow while any number of its other threads compute", () => {
    expect(hangOf({ main: 0.01, others: 1 }, 500)).toBeNull();
    expect(hangOf({ main: 0.01, others: 16 }, 30)).toBeNull();
    expect(hangOf({ others: 4 }, 600)).toEqual({ hang: "endless", second: 151 });
  });

  test("is slow while it makes progress on a busy machine or a slow disk", () => {
    expect(hangOf({ main: 0.05 }, 600)).toBeNull();
    expect(hangOf({ main: 0.001, pagesPerSecond: 20 }, 600)).toBeNull();
  });

  test("is slow while it writes, or waits for a disk that responds in time", () => {
    expect(hangOf({ bytesPerSecond: 4096 }, 600)).toBeNull();
    expect(hangOf({ waitsUntil: 90 }, 103)).toBeNull();
    expect(hangOf({ waitsUntil: 90 }, 600)).toEqual({ hang: "still", second: 104 });
    expect(hangOf({ waitsUntil: 600 }, 600)).toEqual({ hang: "still", second: 115 });
  });

  test("counts as idle even when its main thread gives signs, and as endless only without them", () => {
    expect(hangOf({ mainThreadSeenEvery: 1 }, 60)).toEqual({ hang: "still", second: 16 });
    expect(hangOf({ main: 1, mainThreadSeenEvery: 10 }, 500)).toBeNull();
    expect(hangOf({ main: 1, others: 1, mainThreadSeenEvery: 10 }, 600)).toEqual({ hang: "endless", second: 301 });
  });

  test("is not judged by a gap between checks, when both programs were suspended", () => {
    const work = { cpuMilliseconds: 100, mainThreadMilliseconds: 100, pageFaults: 100 };
    for (const read of [() => work, () => null]) {
      const signs = new SignsOfLife(patience, read, 0);
      expect(signs.findHang(1000)).toBeNull();
      expect(signs.findHang(120_000)).toBeNull();
      expect(signs.findHang(121_000)).toBeNull();
    }
  });

  test("is judged by the clock if the system does not report its work", () => {
    const signs = new SignsOfLife(patience, () => null, 0);
    for (let second = 1; second < 30; second++) expect(signs.findHang(second * 1000)).toBeNull();
    expect(signs.findHang(30_000)).toBe("silent");
  });
});

test("a process that gives signs of life never hangs, however slow it is", () => {
  const load = fc.double({ min: 0, max: 4, noNaN: true });
  fc.assert(
    fc.property(load, load, fc.integer({ min: 1, max: 14 }), (main, others, seenEvery) => {
      expect(hangOf({ main, others, seenEvery }, 300)).toBeNull();
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
    expect(after?.mainThreadMilliseconds).toBeGreaterThanOrEqual(50);
    expect(after?.pageFaults).toBeGreaterThan(0);
  } finally {
    child.kill("SIGKILL");
  }
  expect(readProcessWork(2 ** 22 + 1)).toBeNull();
});
