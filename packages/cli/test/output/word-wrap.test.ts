import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, test } from "vitest";
import { WordWrap } from "../../src/output/word-wrap.js";

function wrap(columns: number, ...chunks: string[]): string {
  const wrapped = new WordWrap(() => columns);
  return chunks.map((chunk) => wrapped.push(chunk)).join("") + wrapped.flush();
}

describe("a text that is written piece by piece", () => {
  test.each([
    ["words", 10, "one two three four", "one two\nthree four"],
    ["a word that just fits", 7, "one two three", "one two\nthree"],
    ["a word that is longer than a line", 5, "a abcdefgh b", "a\nabcdefgh b".replace("abcdefgh b", "abcde\nfgh b")],
    ["indentation", 12, "  - one two three", "  - one two\nthree"],
    ["line breaks of the text", 10, "one\n\ntwo three four", "one\n\ntwo three\nfour"],
    ["wide characters", 6, "漢字漢字漢字", "漢字漢\n字漢字"],
    ["wide characters among words", 8, "ab 漢字 cd", "ab 漢字\ncd"],
    ["combining characters", 4, "e\u0301e\u0301e\u0301e\u0301 x", "e\u0301e\u0301e\u0301e\u0301\nx"],
    ["an emoji of several parts", 4, "ab 👩‍🔧 cd", "ab\n👩‍🔧 cd".replace("👩‍🔧 cd", "👩‍🔧\ncd")],
    ["code", 8, "```\nconst a = 12345;\n```\nsome words", "```\nconst a = 12345;\n```\nsome\nwords"],
  ])("%s", (_, columns, text, expected) => {
    expect(wrap(columns, text)).toBe(expected);
    expect(wrap(columns, ...text)).toBe(expected);
  });

  const word = fc.oneof(
    fc.stringMatching(/^[a-z]{1,8}$/),
    fc.constantFrom("漢字", "é", "e\u0301", "👍", "👩‍🔧", "한국"),
  );

  test("keeps every character but spaces at a break, in lines that fit", () => {
    fc.assert(
      fc.property(fc.array(word), fc.integer({ min: 10, max: 40 }), (words, columns) => {
        const text = words.join(" ");
        const shown = wrap(columns, text);
        expect(shown.replace(/[ \n]/g, "")).toBe(text.replaceAll(" ", ""));
        for (const line of shown.split("\n")) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
      }),
    );
  });

  test("looks the same however it is cut into pieces", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(word, fc.constantFrom(" ", "\n", "\t", "  "))),
        fc.integer({ min: 10, max: 30 }),
        (parts, columns) => {
          const text = parts.join("");
          expect(wrap(columns, ...text)).toBe(wrap(columns, text));
        },
      ),
    );
  });

  test("holds back no more than a word", () => {
    const wrapped = new WordWrap(() => 40);
    expect(wrapped.push("one two thr")).toBe("one two");
    expect(wrapped.push("ee")).toBe("");
    expect(wrapped.push(" ")).toBe(" three");
    expect(wrapped.flush()).toBe(" ");
  });
});
