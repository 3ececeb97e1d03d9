import fc from "fast-check";
import { expect, test } from "vitest";
import { textPieces } from "../../../src/engines/llama/text-pieces.js";

test("the pieces make up the text, none is long, and no character is split", () => {
  const unit = fc.constantFrom("a", "word ", "\n", "😀", "\ud800", "日本", " ".repeat(300), "x".repeat(9000));
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 400 }), (units) => {
      const text = units.join("");
      const pieces = [...textPieces(text)];
      expect(pieces.join("")).toBe(text);
      for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(16_384);
      for (const [index, piece] of pieces.entries()) {
        const end = piece.charCodeAt(piece.length - 1);
        const next = pieces[index + 1]?.charCodeAt(0) ?? 0;
        expect(end >= 0xd800 && end < 0xdc00 && next >= 0xdc00 && next < 0xe000).toBe(false);
      }
    }),
    { numRuns: 200 },
  );
});

test("a text with words is split between them", () => {
  const pieces = [...textPieces("word ".repeat(20_000))];
  expect(pieces.length).toBeGreaterThan(5);
  for (const piece of pieces.slice(1)) expect(piece).toMatch(/^ word/);
});

test("a long text without white space is split quickly", () => {
  expect([...textPieces("x".repeat(2 ** 20))].length).toBe(64);
});
