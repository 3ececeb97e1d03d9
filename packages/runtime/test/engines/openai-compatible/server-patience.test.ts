import fc from "fast-check";
import { expect, test } from "vitest";
import { ServerPatience } from "../../../src/engines/openai-compatible/http/server-patience.js";

const timeouts = { firstPieceMilliseconds: 10_000, nextPieceMilliseconds: 1000 };

/** Returns the time after which a server with these waits between pieces is given up, or null. */
function givenUpAfter(waits: readonly number[]): number | null {
  const patience = new ServerPatience(timeouts);
  let total = 0;
  for (const wait of waits) {
    const left = patience.leftMilliseconds;
    if (wait > left) return total + left;
    patience.addWait(wait);
    patience.notePiece();
    total += wait;
  }
  return null;
}

test("a silent server is given up after the limit, before and after its first piece", () => {
  expect(givenUpAfter([10_001])).toBe(10_000);
  expect(givenUpAfter([9000, 1001])).toBe(10_000);
  expect(givenUpAfter([9000, 1000])).toBeNull();
});

test("a trickle ends: eight pieces may take at most twice the limit", () => {
  const waits = fc.array(fc.integer({ min: 251, max: 999 }), { minLength: 300, maxLength: 300 });
  fc.assert(
    fc.property(waits, (pieces) => {
      expect(givenUpAfter([0, ...pieces])).toBeLessThanOrEqual(300 * 1000);
      expect(givenUpAfter([0, ...pieces])).not.toBeNull();
    }),
  );
});

test("a slow server with a steady pace is not given up", () => {
  const waits = fc.array(fc.integer({ min: 0, max: 250 }), { maxLength: 300 });
  fc.assert(
    fc.property(waits, (pieces) => {
      expect(givenUpAfter([10_000, ...pieces])).toBeNull();
    }),
  );
});

test("a pause between quick pieces is not a trickle", () => {
  expect(givenUpAfter([0, ...Array.from({ length: 100 }, (_, index) => (index % 10 === 0 ? 990 : 5))])).toBeNull();
});
