import fc from "fast-check";
import { expect, test } from "vitest";
import { EvaluatedText } from "../../../src/engines/llama/evaluated-text.js";

const BEGINNING = { characters: 0, tokens: 0 };

test("a text continues from the last mark in the common prefix", () => {
  const text = new EvaluatedText();
  text.mark("question", 3);
  text.mark("question answer", 5);
  expect(text.lastMarkIn("question answer and more")).toEqual({ characters: 15, tokens: 5 });
  expect(text.lastMarkIn("question answer")).toEqual({ characters: 15, tokens: 5 });
  expect(text.lastMarkIn("question answered")).toEqual({ characters: 15, tokens: 5 });
  expect(text.lastMarkIn("question answe")).toEqual({ characters: 8, tokens: 3 });
  expect(text.lastMarkIn("question, another")).toEqual({ characters: 8, tokens: 3 });
  expect(text.lastMarkIn("questio")).toEqual(BEGINNING);
  expect(text.lastMarkIn("")).toEqual(BEGINNING);
});

test("text that was cut is forgotten", () => {
  const text = new EvaluatedText();
  text.mark("one", 1);
  text.mark("one two", 2);
  text.cut(1);
  expect(text.text).toBe("one");
  expect(text.lastMarkIn("one two")).toEqual({ characters: 3, tokens: 1 });
  text.cut(0);
  expect(text.lastMarkIn("one two")).toEqual(BEGINNING);
});

test("a mark without new tokens replaces the one before", () => {
  const text = new EvaluatedText();
  text.mark("one", 1);
  text.mark("one", 1);
  expect(text.marks).toEqual([{ characters: 3, tokens: 1 }]);
});

test("in any conversation, text and tokens before a mark always match", () => {
  const turn = fc.record({
    prompt: fc.string({ maxLength: 8, unit: "grapheme" }),
    reply: fc.string({ maxLength: 4 }),
    keeps: fc.nat(12),
  });
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 12 }), (turns) => {
      // Every character is one token, so a text determines its tokens.
      let evaluated = "";
      const text = new EvaluatedText();
      for (const { prompt, reply, keeps } of turns) {
        const next = evaluated.slice(0, keeps) + prompt;
        const mark = text.lastMarkIn(next);
        expect(next.slice(0, mark.characters)).toBe(evaluated.slice(0, mark.tokens));
        text.cut(mark.tokens);
        evaluated = next;
        text.mark(next, next.length);
        evaluated += reply;
        text.mark(evaluated, evaluated.length);
      }
    }),
  );
});
