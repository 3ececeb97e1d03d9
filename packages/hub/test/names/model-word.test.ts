import fc from "fast-check";
import { expect, test } from "vitest";
import { modelWord } from "../../src/names/model-word.js";
import { isWord } from "../../src/names/name-rules.js";
import { addressFileName } from "../../src/names/plain-address.js";

test.each([
  ["/tmp/Some Model.Q4_0.gguf", "Some-Model.Q4_0"],
  ["C:\\models\\a.GGUF", "a"],
  ["Modèle (1).gguf", "Mod-le-1"],
  ["...gguf", null],
  ["日本.gguf", null],
])("%s", (file, word) => {
  expect(modelWord(file)).toBe(word);
});

test("any file's name becomes a word or null", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      const word = modelWord(text);
      expect(word === null || isWord(word)).toBe(true);
    }),
  );
});

test.each([
  ["https://example.org/a/b%20c.gguf?sig=x", "b-c.gguf"],
  ["https://example.org/%2e%2e%2Fetc%2Fx.gguf", "x.gguf"],
  ["https://example.org/x.zip", null],
  ["not an address", null],
])("file of %s", (address, name) => {
  expect(addressFileName(address)).toBe(name);
});
