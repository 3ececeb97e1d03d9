import { expect, it } from "vitest";
import { TOKENIZER_TEXT } from "../../src/testing/tokenizer-text.js";
import { trainTokenizer } from "../../src/testing/train-tokenizer.js";

const controlTokens = ["<|end|>", "<|start|>"];

it("has control tokens, all bytes, and merged tokens, in this order, each once", () => {
  const { tokens, tokenTypes, merges } = trainTokenizer(TOKENIZER_TEXT, 500, controlTokens);
  expect(tokens).toHaveLength(500);
  expect(new Set(tokens).size).toBe(500);
  expect(tokens.slice(0, 2)).toEqual(controlTokens);
  expect(tokenTypes.slice(0, 3)).toEqual([3, 3, 1]);
  expect(new Set(tokens.slice(2, 258).map((token) => [...token].length))).toEqual(new Set([1]));
  expect(merges).toHaveLength(500 - 258);
  for (const [index, merge] of merges.entries()) {
    const [left = "", right = ""] = merge.split(" ");
    expect(tokens[258 + index]).toBe(left + right);
    // Both parts of a merge have smaller ids.
    expect(tokens.indexOf(left)).toBeLessThan(258 + index);
    expect(tokens.indexOf(right)).toBeLessThan(258 + index);
  }
});

it("merges the most frequent pairs first", () => {
  const { merges } = trainTokenizer("abab abab abab xy", 2 + 256 + 3, controlTokens);
  expect(merges.slice(0, 2)).toEqual(["a b", "ab ab"]);
});

it("continues with generated pairs", () => {
  const { tokens, merges } = trainTokenizer("aaaa", 50_000, []);
  expect(tokens).toHaveLength(50_000);
  expect(new Set(tokens).size).toBe(50_000);
  expect(merges).toHaveLength(50_000 - 256);
  // Printable tokens, so that a random model never splits a character.
  for (const merge of merges.slice(10)) expect(merge).toMatch(/^[!-~\u0120]+ [!-~\u0120]+$/);
});
