import { asSentence } from "@nanoagent/models";
import { expect, test } from "vitest";

test.each([
  ["it ended with code 3", "it ended with code 3."],
  ["The disk is full. ", "The disk is full."],
  ["Is it open?", "Is it open?"],
  ['He said "stop."', 'He said "stop."'],
  ["cut …", "cut …"],
  ["", ""],
])("%j can be followed by a sentence", (text, sentence) => {
  expect(asSentence(text)).toBe(sentence);
});
