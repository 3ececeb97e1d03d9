import fc from "fast-check";
import { expect, test } from "vitest";
import { TokenText } from "../../../src/engines/llama/token-text.js";

/** A vocabulary with one token per byte, so that characters are split. */
const bytewise = (tokens: Uint32Array) => Buffer.from(tokens).toString("utf8");

test("characters split over tokens are joined", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\ufffd")),
      (text) => {
        const reader = new TokenText(bytewise);
        const pieces = [...Buffer.from(text)].map((byte) => reader.push(byte));
        expect(pieces.join("") + reader.finish()).toBe(text);
        for (const piece of pieces) expect(piece).not.toContain("\ufffd");
      },
    ),
  );
});

test("invalid bytes soon become replacement characters", () => {
  const reader = new TokenText(bytewise);
  const pieces = Array.from({ length: 20 }, () => reader.push(0xff));
  expect(pieces.slice(0, 8).join("")).toContain("\ufffd");
});
