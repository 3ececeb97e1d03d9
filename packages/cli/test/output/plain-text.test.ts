import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyText } from "../../../../scripts/any-text.js";
import { formatJson } from "../../src/output/format.js";
import { inOneLine, plainText } from "../../src/output/plain-text.js";

// biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for control characters
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const texts = anyText();

describe("plainText", () => {
  test("escapes terminal controls, and leaves all other characters", () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(plainText(text)).not.toMatch(steering);
        if (!steering.test(text)) expect(plainText(text)).toBe(text);
      }),
    );
  });

  test("can be applied piece by piece", () => {
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        expect(plainText(one) + plainText(other)).toBe(plainText(one + other));
      }),
    );
  });

  test.each([
    ["\u001b[31mred", "\\u001b[31mred"],
    ["a\tb\nc", "a\tb\nc"],
    ["\u009b2J", "\\u009b2J"],
    ["Grüße 世界 🌱", "Grüße 世界 🌱"],
  ])("%j", (text, shown) => expect(plainText(text)).toBe(shown));
});

test("formatJson returns one safe line with the same value", () => {
  fc.assert(
    fc.property(fc.dictionary(texts, texts), (value) => {
      const line = formatJson(value);
      expect(line.slice(0, -1)).not.toMatch(/\n/);
      expect(line.slice(0, -1)).not.toMatch(steering);
      expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("a text of several lines is shown in one, without escapes for its ends of lines", () => {
  expect(inOneLine(" it ended with code 1:\n\tthe valve\r\nis stuck\u001b[31m\n")).toBe(
    "it ended with code 1: the valve is stuck\\u001b[31m",
  );
});
