import { expect, test } from "vitest";
import { CONTROL_TOKEN } from "../../../src/engines/llama/llama-addon.js";
import { ReasoningTokens } from "../../../src/engines/llama/reasoning-tokens.js";

/** A vocabulary with these control tokens and one token per other character. */
function vocabularyOf(control: readonly string[]) {
  const tokenize = (text: string): Uint32Array => {
    const tokens: number[] = [];
    for (let at = 0; at < text.length; ) {
      const found = control.findIndex((mark) => text.startsWith(mark, at));
      tokens.push(found >= 0 ? found : 1000 + text.charCodeAt(at));
      at += found >= 0 ? (control[found]?.length ?? 1) : 1;
    }
    return Uint32Array.from(tokens);
  };
  return {
    tokenize,
    getTokenAttributes: (token: number) => (token < 1000 ? CONTROL_TOKEN : 0),
    getTokenString: (token: number) => control[token] ?? String.fromCharCode(token - 1000),
  };
}

test("control tokens that are reasoning marks, or parts of marks, have text; other tokens have none", () => {
  const control = ["<|im_end|>", "<think>", "</think>", "<|channel|>", "<|message|>", "<|START_THINKING|>"];
  const marks = new ReasoningTokens(vocabularyOf(control));
  expect(control.map((_, token) => marks.textOf(token))).toEqual(["", ...control.slice(1)]);
  expect(marks.textOf(1000 + "<".charCodeAt(0))).toBe("");
  expect(marks.isIn("a<|message|>b")).toBe(true);
  expect(marks.without("a<|message|>b")).toBe("ab");
});

test("marks that are ordinary text are unaffected", () => {
  const marks = new ReasoningTokens(vocabularyOf(["<|im_end|>"]));
  expect(marks.isIn("<think>")).toBe(false);
  expect(marks.without("<think>")).toBe("<think>");
});
