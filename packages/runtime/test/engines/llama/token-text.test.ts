import fc from "fast-check";
import { expect, test } from "vitest";
import { TokenText } from "../../../src/engines/llama/token-text.js";

/** A vocabulary of single bytes: each token is one, so that characters come in parts. */
const bytewise = (tokens: Uint32Array) => Buffer.from(tokens).toString("utf8");

test("characters that come in parts come out whole", () => {
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

test("bytes that become no character end up as a mark in the text, soon", () => {
  const reader = new TokenText(bytewise);
  const pieces = Array.from({ length: 20 }, () => reader.push(0xff));
  expect(pieces.slice(0, 8).join("")).toContain("\ufffd");
});
