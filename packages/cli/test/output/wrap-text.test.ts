import fc from "fast-check";
import { expect, test } from "vitest";
import { wrapFor, wrapText } from "../../src/output/wrap-text.js";

test("text is broken between words", () => {
  expect(wrapText("one two three four", 9)).toBe("one two\nthree\nfour");
  expect(wrapText("a-very-long-word b", 5)).toBe("a-very-long-word\nb");
});

test.each([
  ["a sentence", "one two three four five six seven eight", "one two three four five\nsix seven eight"],
  ["a label", "Budget:  one two three four five", "Budget:  one two three\n         four five"],
  ["columns", "ok  Model    one two three four", "ok  Model    one two\n    three four"],
  ["indentation", "  why: one two three four five six", "  why: one two three four\n  five six"],
])("%s goes on below itself in a narrow terminal", (_, line, expected) => {
  expect(wrapFor({ isTTY: true, columns: 25 }, line)).toBe(expected);
});

test("a pipe gets the text as it is", () => {
  expect(wrapFor({}, "x ".repeat(200))).toBe("x ".repeat(200));
});

test("no word is lost, and lines fit unless a word does not", () => {
  const word = fc.stringMatching(/^[a-z]{1,9}$/);
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 40, max: 100 }), (words, columns) => {
      const wrapped = wrapFor({ isTTY: true, columns }, `Label:    ${words.join(" ")}`);
      expect(wrapped.split(/\s+/)).toEqual(["Label:", ...words]);
      for (const line of wrapped.split("\n")) expect(line.length).toBeLessThanOrEqual(columns);
    }),
  );
});
