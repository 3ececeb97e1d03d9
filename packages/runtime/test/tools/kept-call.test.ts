import fc from "fast-check";
import { expect, test } from "vitest";
import { tooLarge } from "../../src/tools/argument-limits.js";
import { keepCall } from "../../src/tools/kept-call.js";

const kept = (given: unknown) => keepCall({ id: "1", name: "look", arguments: given }, []).kept.arguments;

test("replaces arguments that are not kept by the reason", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.again = cyclic;
  const tooMuch = fc.oneof(
    fc.integer({ min: 256 * 1024 + 1, max: 300_000 }).map((size) => ({ text: "x".repeat(size) })),
    fc.integer({ min: 256 * 1024 + 1, max: 300_000 }).map((size) => ({ ["k".repeat(size)]: 1 })),
    fc.integer({ min: 10_000, max: 20_000 }).map((parts) => ({ list: new Array(parts).fill(1) })),
    fc
      .integer({ min: 101, max: 300 })
      .map((levels) => ({ deep: JSON.parse("[".repeat(levels) + "]".repeat(levels)) as unknown })),
    fc.constant(cyclic),
  );
  fc.assert(
    fc.property(tooMuch, fc.boolean(), (given, isText) => {
      const passed = isText && given !== cyclic && !("deep" in given) ? JSON.stringify(given) : given;
      const why = tooLarge(passed) ?? tooLarge(given);
      expect(kept(passed)).toEqual({ not_kept: `The arguments are left out here: ${why}` });
    }),
    { numRuns: 50 },
  );
  const unreadable = Object.defineProperty({}, "a", { enumerable: true, get: () => expect.fail("unreadable") });
  for (const given of [{ a: 1n }, unreadable, () => 1, Symbol("a")]) {
    expect(kept(given)).toEqual({ not_kept: "The arguments are left out here: they are not JSON." });
  }
  expect(kept({ text: "\u0001".repeat(200_000) })).toEqual({ not_kept: expect.stringContaining("as JSON") });
  expect([kept(undefined), kept({}), kept("{}")]).toEqual([{}, {}, {}]);
});
