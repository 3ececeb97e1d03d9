import fc from "fast-check";
import { expect, test } from "vitest";
import { Repetition } from "../src/repetition.js";

/** Returns the number of characters after which the repetition was detected, or null. */
function recognizedAfter(text: string, pieceCharacters: number): number | null {
  const repetition = new Repetition();
  for (let at = 0; at < text.length; at += pieceCharacters) {
    if (repetition.add(text.slice(at, at + pieceCharacters))) return at + pieceCharacters;
  }
  return null;
}

const passages = fc.string({ unit: "grapheme", minLength: 1, maxLength: 500 });
const pieces = fc.integer({ min: 1, max: 40 });

test("any endlessly repeated passage is detected, regardless of the text before it", () => {
  fc.assert(
    fc.property(passages, fc.string({ maxLength: 5000 }), pieces, (passage, before, pieceCharacters) => {
      const text = before + passage.repeat(Math.ceil(12_000 / passage.length));
      const characters = recognizedAfter(text, pieceCharacters);
      expect(characters).not.toBeNull();
      const needed = Math.max(1200, 4 * passage.length);
      expect((characters ?? 0) - before.length).toBeLessThanOrEqual(needed + 128 + 2 * pieceCharacters);
    }),
  );
});

test("a passage that is repeated three times is not detected", () => {
  const random = fc.string({
    minLength: 400,
    maxLength: 2000,
    unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz .,"),
  });
  fc.assert(
    fc.property(random, pieces, (passage, pieceCharacters) => {
      fc.pre(new Set(passage).size > 10);
      expect(recognizedAfter(`${passage.repeat(3)}${passage.slice(0, 200)}And so on.`, pieceCharacters)).toBeNull();
    }),
  );
});

test.each([
  ["a ruler", `Title\n${"-".repeat(120)}\nText\n`.repeat(3)],
  ["a table of numbers", Array.from({ length: 400 }, (_, row) => `| ${row} | ${row * row} | ok |\n`).join("")],
  ["a list with numbers", Array.from({ length: 300 }, (_, row) => `${row + 1}. Check the pump.\n`).join("")],
  ["a long word", "a".repeat(1000)],
  ["binary digits", Array.from({ length: 500 }, (_, value) => value.toString(2).padStart(9, "0")).join(" ")],
])("%s is not an endless repetition", (_, text) => {
  expect(recognizedAfter(text, 7)).toBeNull();
});
