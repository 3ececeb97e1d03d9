import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leastOfEach, pairRatios, runInPairs } from "../src/paired-runs.mjs";

/** Returns runners that record their turns in `order`. The runner with index `failing` fails in round `at`. */
function runners(count: number, order: string[], failing = -1, at = 0) {
  return Array.from({ length: count }, (_, index) => {
    let runs = 0;
    return {
      name: `runner-${index}`,
      run: async () => {
        order.push(`runner-${index}`);
        if (index === failing && runs === at) throw new Error("it broke");
        return { run: runs++ };
      },
    };
  });
}

describe("runInPairs", () => {
  it("runs all in turn, and does not count warm-ups", async () => {
    const shape = fc.record({ count: fc.integer({ min: 1, max: 5 }), pairs: fc.nat(6), warmUps: fc.nat(3) });
    await fc.assert(
      fc.asyncProperty(shape, async ({ count, pairs, warmUps }) => {
        const order: string[] = [];
        const outcomes = await runInPairs(runners(count, order), { pairs, warmUps });
        const names = Array.from({ length: count }, (_, index) => `runner-${index}`);
        expect(order).toEqual(Array.from({ length: pairs + warmUps }, () => names).flat());
        for (const name of names) {
          expect(outcomes[name]).toEqual({
            figures: Array.from({ length: pairs }, (_, round) => ({ run: warmUps + round })),
            failure: null,
          });
        }
      }),
    );
  });

  it("stops a runner that fails, and drops its figures", async () => {
    const shape = fc
      .record({ count: fc.integer({ min: 2, max: 4 }), pairs: fc.integer({ min: 1, max: 5 }) })
      .chain(({ count, pairs }) =>
        fc.record({
          count: fc.constant(count),
          pairs: fc.constant(pairs),
          failing: fc.nat(count - 1),
          at: fc.nat(pairs - 1),
        }),
      );
    await fc.assert(
      fc.asyncProperty(shape, async ({ count, pairs, failing, at }) => {
        const order: string[] = [];
        const outcomes = await runInPairs(runners(count, order, failing, at), { pairs });
        expect(order.filter((name) => name === `runner-${failing}`)).toHaveLength(at + 1);
        for (const [name, { figures, failure }] of Object.entries(outcomes)) {
          const isBroken = name === `runner-${failing}`;
          expect(figures).toHaveLength(isBroken ? 0 : pairs);
          expect(failure).toEqual(isBroken ? new Error("it broke") : null);
        }
      }),
    );
  });
});

const samples = fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 9 });

describe("pairRatios", () => {
  it("returns the right ratio even if the machine's speed changes between rounds", () => {
    fc.assert(
      fc.property(samples, fc.double({ min: 0.1, max: 10, noNaN: true }), (base, factor) => {
        for (const ratio of pairRatios(
          base.map((value) => value * factor),
          base,
          (value) => value,
        )) {
          expect(ratio).toBeCloseTo(factor, 8);
        }
      }),
    );
  });

  it("refuses sides with different numbers of rounds", () => {
    expect(() => pairRatios([1, 2], [1], (value) => value)).toThrow(RangeError);
  });
});

describe("leastOfEach", () => {
  it("takes the lower figure of each round", () => {
    const rounds = fc.array(fc.tuple(fc.nat(100), fc.nat(100), fc.nat(100)), { maxLength: 9 });
    fc.assert(
      fc.property(rounds, (values) => {
        const sides = [0, 1, 2].map((side) => values.map((round) => ({ value: round[side] ?? 0 })));
        expect(leastOfEach(sides, ({ value }) => value).map(({ value }) => value)).toEqual(
          values.map((round) => Math.min(...round)),
        );
      }),
    );
  });
});
