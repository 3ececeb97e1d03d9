import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ComputeStep, layOutBuffers } from "../../src/fit/lay-out-buffers.js";

const step = (reservedBytes: number, from: number[] = [], more: Partial<ComputeStep> = {}): ComputeStep => ({
  reservedBytes,
  writtenBytes: reservedBytes,
  from,
  takesRoomOf: [],
  isOutput: false,
  ...more,
});

const reserved = (...steps: ComputeStep[]) => layOutBuffers(steps).reservedBytes;

describe("a buffer", () => {
  it("is aligned to 32 bytes", () => {
    expect(reserved(step(1))).toBe(32);
    expect(reserved(step(33), step(1))).toBe(96);
    expect(reserved()).toBe(0);
  });

  it("is freed after its last reader, and reused by the next step that fits", () => {
    // 0 → 1 → 2 → 3: two buffers at a time.
    expect(reserved(step(64), step(64, [0]), step(64, [1]), step(64, [2]))).toBe(128);
    // 0 is read again at the end, so it stays.
    expect(reserved(step(64), step(64, [0]), step(64, [1]), step(64, [2, 0]))).toBe(192);
  });

  it("overwrites an operand that has no other reader", () => {
    const inPlace = { takesRoomOf: [0] };
    expect(reserved(step(64), step(64, [0], inPlace))).toBe(64);
    expect(reserved(step(64), step(64, [0], inPlace), step(64, [0]))).toBe(192);
    expect(reserved(step(64, [], { isOutput: true }), step(64, [0], inPlace))).toBe(128);
  });

  it("overwrites the second operand if the first has another reader", () => {
    expect(reserved(step(64), step(64), step(64, [0, 1], { takesRoomOf: [0, 1] }), step(32, [0]))).toBe(160);
  });

  it("goes into the smallest gap that is large enough, the last of equal ones", () => {
    // Gaps of 96, 64 and 64 between lasting buffers: 64 goes into the third.
    const lasting = { isOutput: true };
    const steps = [
      step(96),
      step(32, [], lasting),
      step(64),
      step(32, [], lasting),
      step(64),
      step(32, [], lasting),
      step(0, [0, 2, 4]),
      step(64, [1], lasting),
      step(64, [1], lasting),
      step(96, [1], lasting),
    ];
    expect(reserved(...steps)).toBe(96 + 32 + 64 + 32 + 64 + 32);
  });

  it("of an output is never freed", () => {
    expect(reserved(step(64), step(64, [0], { isOutput: true }), step(64, [1]))).toBe(192 - 64);
    expect(reserved(step(64), step(64, [0], { isOutput: true }), step(128, [1]))).toBe(256);
  });

  it("of an input comes first, even if nothing reads it", () => {
    expect(reserved(step(64), step(64, [0]), step(1024))).toBe(64 + 1024 + 64);
  });
});

describe("resident bytes", () => {
  it("count each written page once", () => {
    const layout = (...steps: ComputeStep[]) => layOutBuffers(steps).residentBytes;
    expect(layout(step(100))).toBe(4096);
    expect(layout(step(100), step(100))).toBe(4096);
    expect(layout(step(4096), step(4096))).toBe(8192);
    expect(layout(step(4090), step(100))).toBe(8192);
    expect(layout(step(2 ** 20, [], { writtenBytes: 0 }))).toBe(0);
    expect(layout(step(2 ** 20, [], { writtenBytes: 1 }), step(2 ** 20, [0], { writtenBytes: 1 }))).toBe(8192);
  });
});

it("holds everything needed at one time, and at most everything together", () => {
  const chains = fc
    .array(
      fc.record({
        bytes: fc.integer({ min: 1, max: 100_000 }),
        from: fc.array(fc.nat(), { maxLength: 3 }),
        inPlace: fc.boolean(),
        isOutput: fc.boolean(),
      }),
      { minLength: 1, maxLength: 60 },
    )
    .map((raw) =>
      raw.map(({ bytes, from, inPlace, isOutput }, index) => {
        const sources = index === 0 ? [] : [...new Set(from.map((place) => place % index))];
        return { bytes, sources, inPlace, isOutput };
      }),
    );
  fc.assert(
    fc.property(chains, (raw) => {
      const steps = raw.map(({ bytes, sources, inPlace, isOutput }) =>
        step(bytes, sources, {
          isOutput,
          takesRoomOf: inPlace ? sources.filter((source) => raw[source]?.bytes === bytes) : [],
        }),
      );
      const { reservedBytes, residentBytes } = layOutBuffers(steps);
      const all = steps.reduce((sum, { reservedBytes: bytes }) => sum + Math.ceil(bytes / 32) * 32, 0);
      expect(reservedBytes).toBeLessThanOrEqual(all);
      expect(reservedBytes).toBeGreaterThanOrEqual(mostNeededAtOnce(steps));
      expect(residentBytes).toBeLessThanOrEqual(Math.ceil(reservedBytes / 4096) * 4096);
    }),
  );
});

/** Lower bound: operands and outputs that must be in memory while a step is computed. */
function mostNeededAtOnce(steps: readonly ComputeStep[]): number {
  const lastReader = steps.map((_, index) => steps.findLastIndex(({ from }) => from.includes(index)));
  return Math.max(
    ...steps.map((_, now) =>
      steps
        .filter(
          ({ isOutput }, index) =>
            (index <= now || steps[index]?.from.length === 0) && (isOutput || (lastReader[index] ?? -1) > now),
        )
        .reduce((sum, { reservedBytes }) => sum + reservedBytes, 0),
    ),
  );
}
