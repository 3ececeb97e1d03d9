import { readdirSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { kernelModule } from "../../src/measure/kernel-module.js";
import { type KernelJob, timeKernel } from "../../src/measure/time-kernel.js";
import { webAssembly } from "../../src/measure/web-assembly.js";

const job: KernelJob = {
  module: new webAssembly.Module(kernelModule()),
  kernel: "sum_words",
  addresses: { step: 65_536, count: 4 },
  otherArguments: [65_536],
  unitsPerCall: 65_536,
  callsPerLook: 1,
  memoryBytes: 4 * 65_536,
};
const isLinux = process.platform === "linux";

describe("timeKernel", () => {
  const threadsBefore = countThreads();
  afterEach(() => {
    // Threads of Node's pool for file access may remain, but no measuring threads.
    expect(countThreads()).toBeLessThanOrEqual(threadsBefore + 4);
  });

  it.each([1, 2, 5])("returns rate and spread of %d threads", async (threads) => {
    const timing = await timeKernel(job, { threads, seconds: 0.2 });
    expect(timing.per_second).toBeGreaterThan(65_536);
    expect(timing.spread).toBeGreaterThanOrEqual(0);
    expect(timing.spread).toBeLessThan(1);
    expect(timing.processorShare).toBeGreaterThan(0);
    expect(timing.processorShare).toBeLessThanOrEqual(1);
  });

  it("counts the units of each call", async () => {
    // The same work under two names, so only the current speed of the machine differs.
    const rate = async (unitsPerCall: number) =>
      (await timeKernel({ ...job, unitsPerCall }, { threads: 1, seconds: 0.2 })).per_second / unitsPerCall;
    const [one, thousand] = [await rate(1), await rate(1000)];
    expect(one / thousand).toBeGreaterThan(1 / 20);
    expect(one / thousand).toBeLessThan(20);
  });

  it.each([0, 20, 80, 300])("rejects with the reason when aborted after %d ms", async (milliseconds) => {
    const reason = new Error("enough");
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), milliseconds);
    await expect(timeKernel(job, { threads: 3, seconds: 30, signal: controller.signal })).rejects.toBe(reason);
  });

  it("does not begin if already aborted", async () => {
    const signal = AbortSignal.abort("before");
    await expect(timeKernel(job, { threads: 1, seconds: 30, signal })).rejects.toBe("before");
  });

  it("reports a thread that gets no memory", async () => {
    const tooMuch = { ...job, memoryBytes: 65_537 * 65_536 };
    await expect(timeKernel(tooMuch, { threads: 2, seconds: 1 })).rejects.toMatchObject({
      code: "measurement",
      message: "A measuring thread could not run.",
    });
  });

  it("reports a thread that fails during the measurement", async () => {
    const outOfBounds = { ...job, addresses: { step: 65_536, count: 100 } };
    await expect(timeKernel(outOfBounds, { threads: 2, seconds: 1 })).rejects.toMatchObject({
      code: "measurement",
      reason: expect.stringContaining("out of bounds"),
    });
  });
});

function countThreads(): number {
  return isLinux ? readdirSync("/proc/self/task").length : 0;
}
