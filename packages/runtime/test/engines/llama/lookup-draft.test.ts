import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LookupDraft } from "../../../src/engines/llama/lookup-draft.js";

const text = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 60 });

/** Newest earlier place after the same three tokens, or else the same two, found by brute force. */
function findByTrying(tokens: readonly number[]): number | null {
  for (const length of [3, 2]) {
    for (let at = tokens.length - 1; at >= length; at--) {
      const isSame = tokens
        .slice(at - length, at)
        .every((token, index) => token === tokens[tokens.length - length + index]);
      if (isSame) return at;
    }
  }
  return null;
}

describe("the newest earlier place with the newest tokens", () => {
  test("equals the result of brute force, whatever was removed before", () => {
    fc.assert(
      fc.property(text, text, fc.nat(), (first, second, kept) => {
        const lookup = new LookupDraft();
        lookup.follow(first);
        const tokens = [...first.slice(0, kept % (first.length + 1)), ...second];
        lookup.follow(tokens);
        const found = lookup.find();
        const expected = findByTrying(tokens);
        if (found !== null) {
          expect(tokens.slice(found.at - found.length, found.at)).toEqual(tokens.slice(-found.length));
          const wanted = Array.from(
            { length: 9 },
            (_, index) => tokens[found.at + (index % (tokens.length - found.at))],
          );
          expect(lookup.read(found, 9)).toEqual(wanted);
        }
        expect(found?.at ?? null).toBe(expected);
      }),
      // The example has two groups of three tokens with the same hash.
      { numRuns: 2000, examples: [[[0, 0, 2, 0], [2, 3, 3, 4, 0, 0, 2], 4]] },
    );
  });

  test("is found far back in a long conversation", () => {
    const lookup = new LookupDraft();
    const tokens = Array.from({ length: 20_000 }, (_, index) => index);
    lookup.follow([...tokens, 7, 8, 9]);
    expect(lookup.find()).toEqual({ at: 10, length: 3 });
    expect(lookup.read({ at: 10, length: 3 }, 3)).toEqual([10, 11, 12]);
  });
});
