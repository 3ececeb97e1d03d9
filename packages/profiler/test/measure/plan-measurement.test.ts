import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { READ_STEP_BYTES } from "../../src/measure/kernel-module.js";
import { CHUNK_BYTES, planMeasurement } from "../../src/measure/plan-measurement.js";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

describe("planMeasurement", () => {
  it.each([
    ["Pi Zero 2", { cores: 4, availableBytes: 250 * MIB, cacheBytes: MIB / 2 }, [1, 2, 3, 4], 31.25],
    ["Pi 5", { cores: 4, availableBytes: 6 * GIB, cacheBytes: 2 * MIB }, [1, 2, 3, 4], 64],
    ["desktop", { cores: 16, availableBytes: 24 * GIB, cacheBytes: 64 * MIB }, [1, 2, 3, 4, 5, 6, 7, 8, 12, 16], 256],
    ["service with a quota of half a core", { cores: 0.5, availableBytes: GIB, cacheBytes: null }, [1], 64],
  ] as const)("plans threads and buffers for %s", (_, input, threads, megabytes) => {
    const { bandwidth, notices } = planMeasurement(input);
    expect(bandwidth.map((round) => round.threads)).toEqual(threads);
    for (const round of bandwidth) {
      expect(round.threads * round.bytesPerThread).toBeGreaterThan(megabytes * MIB - round.threads * CHUNK_BYTES);
      expect(round.threads * round.bytesPerThread).toBeLessThanOrEqual(megabytes * MIB);
    }
    expect(notices).toEqual([]);
  });

  it("uses fewer threads if memory is short, with a notice", () => {
    expect(planMeasurement({ cores: 4, availableBytes: 100 * MIB, cacheBytes: MIB })).toMatchObject({
      bandwidth: [{ threads: 1 }, { threads: 2 }],
      notices: ["Only 2 threads of 4 fit in memory."],
    });
  });

  it("reports buffers that fit partly in the cache", () => {
    const { notices } = planMeasurement({ cores: 1, availableBytes: 256 * MIB, cacheBytes: 32 * MIB });
    expect(notices).toEqual(["Bandwidth was measured on 32 MB, with caches of 32 MB: memory itself may be slower."]);
  });

  it("uses at most an eighth of the memory, in whole chunks", () => {
    expect(CHUNK_BYTES % READ_STEP_BYTES).toBe(0);
    const bytes = fc.integer({ min: 0, max: 2 ** 45 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), bytes, fc.option(bytes), (cores, availableBytes, cacheBytes) => {
        const { bandwidth } = planMeasurement({ cores, availableBytes, cacheBytes });
        expect(bandwidth[0]?.threads).toBe(1);
        expect(bandwidth.length).toBeLessThanOrEqual(16);
        for (const { threads, bytesPerThread } of bandwidth) {
          expect(threads).toBeLessThanOrEqual(Math.min(cores, 64));
          expect(bytesPerThread % CHUNK_BYTES).toBe(0);
          expect(threads * bytesPerThread).toBeLessThanOrEqual(
            Math.max(threads * CHUNK_BYTES, Math.min(availableBytes / 8, 512 * MIB)),
          );
        }
      }),
    );
  });
});
