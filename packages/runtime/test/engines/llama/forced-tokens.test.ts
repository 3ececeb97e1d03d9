import fc from "fast-check";
import { expect, test } from "vitest";
import { forcedTokens } from "../../../src/engines/llama/forced-tokens.js";

/** A tokenizer that uses the longest known piece, and may add a space before a text, as some do. */
function vocabulary(pieces: readonly string[], addsSpace: boolean) {
  const known = [...pieces].sort((one, other) => other.length - one.length);
  const tokenize = (text: string): Uint32Array => {
    const tokens: number[] = [];
    let rest = addsSpace ? ` ${text}` : text;
    while (rest !== "") {
      const piece =
        known.find((piece) => piece !== "" && rest.startsWith(piece)) ?? String.fromCodePoint(rest.codePointAt(0) ?? 0);
      tokens.push(known.includes(piece) ? 0x200000 + pieces.indexOf(piece) : (piece.codePointAt(0) ?? 0));
      rest = rest.slice(piece.length);
    }
    return Uint32Array.from(tokens);
  };
  const textOf = (tokens: readonly number[]) =>
    tokens.map((token) => (token >= 0x200000 ? pieces[token - 0x200000] : String.fromCodePoint(token))).join("");
  return { tokenize, textOf };
}

const json = fc.stringMatching(/^[a-c0-9 ":,{}]{0,12}$/);

test("are those tokens of the text that do not depend on what follows, or all at the end", () => {
  let left = 0;
  fc.assert(
    fc.property(
      fc.array(json, { maxLength: 8 }),
      fc.boolean(),
      json,
      fc.constantFrom("a", "0", '"', "{", "}"),
      (pieces, addsSpace, text, follower) => {
        const { tokenize, textOf } = vocabulary(pieces, addsSpace);
        const tokens = forcedTokens({ tokenize }, text, false);
        expect(text.startsWith(textOf(tokens))).toBe(true);
        const anchored = [...tokenize(`\n${text}${follower}`)].slice(tokenize("\n").length);
        expect(anchored.slice(0, tokens.length)).toEqual(tokens);
        if (textOf(tokens) !== text) left += 1;
        expect(textOf(forcedTokens({ tokenize }, text, true))).toBe(text);
      },
    ),
    { numRuns: 1000 },
  );
  // Some ends could form one token with the next text, and are left to the model.
  expect(left).toBeGreaterThan(0);
});
