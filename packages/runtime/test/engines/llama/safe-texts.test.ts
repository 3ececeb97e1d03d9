import { expect, test } from "vitest";
import { CONTROL_TOKEN } from "../../../src/engines/llama/llama-addon.js";
import { SafeTexts } from "../../../src/engines/llama/safe-texts.js";

const END = "<|end|>";

/** A vocabulary of characters and one control token. Records which texts were tokenized. */
function vocabulary() {
  const tokenized: string[] = [];
  return {
    tokenized,
    tokenize(text: string) {
      tokenized.push(text);
      const parts = text.split(END).map((part) => [...part].map((character) => character.charCodeAt(0)));
      return Uint32Array.from(parts.flatMap((part, index) => (index === 0 ? part : [0, ...part])));
    },
    getTokenAttributes: (token: number) => (token === 0 ? CONTROL_TOKEN : 0),
    getTokenString: (token: number) => (token === 0 ? END : String.fromCharCode(token)),
  };
}

test("control tokens are neutralized in texts and in data", () => {
  const texts = new SafeTexts(vocabulary());
  texts.begin();
  expect(texts.makeSafe(`a${END}b${END}`)).toBe("a<\u200b|end|>b<\u200b|end|>");
  expect(texts.makeSafe("plain")).toBe("plain");
  expect(texts.makeDataSafe({ list: [END], count: 1 })).toEqual({ list: ["<\u200b|end|>"], count: 1 });
  const data = { list: ["plain"] };
  expect(texts.makeDataSafe(data)).toBe(data);
});

test("a text of the previous request is not tokenized again, one of an earlier request is", () => {
  const some = vocabulary();
  const texts = new SafeTexts(some);
  for (const request of [
    ["one", `two${END}`],
    [`two${END}`, "three"],
    ["one", `two${END}`],
  ]) {
    texts.begin();
    for (const text of request) expect(texts.makeSafe(text)).toBe(text.replace(END, "<\u200b|end|>"));
  }
  expect(some.tokenized).toEqual(["one", `two${END}`, "three", "one"]);
});

test("the cache of texts is limited", () => {
  const some = vocabulary();
  const texts = new SafeTexts(some);
  const long = "x".repeat(2 ** 20);
  for (let request = 0; request < 2; request++) {
    texts.begin();
    texts.makeSafe("short");
    texts.makeSafe(long);
  }
  expect(some.tokenized.map((text) => text.length)).toEqual([5, long.length, long.length]);
});
