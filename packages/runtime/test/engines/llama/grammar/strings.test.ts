import { describe, expect, it } from "vitest";
import { schemaToGrammar } from "../../../../src/engines/llama/grammar/schema-to-grammar.js";
import { DEFAULT_MAX_STRING_LENGTH, MAX_STRING_LENGTH } from "../../../../src/json-schema/grammar-limits.js";
import { stringFormats } from "../../../../src/json-schema/string-format.js";
import { GbnfGrammar } from "./gbnf-grammar.js";
import { seededRandom } from "./seeded-random.js";

function grammarOf(keywords: object): GbnfGrammar {
  return new GbnfGrammar(schemaToGrammar({ type: "string", ...keywords }));
}

describe("strings", () => {
  it.each([
    [{ maxLength: 0 }, 0, 0],
    [{ minLength: 1, maxLength: 1 }, 1, 1],
    [{ minLength: 3, maxLength: 7 }, 3, 7],
    [{ minLength: 99, maxLength: 101 }, 99, 101],
    [{ maxLength: 100 }, 0, 100],
    [{ maxLength: 2001 }, 0, 2001],
    [{ minLength: 250, maxLength: 1234 }, 250, 1234],
    [{ minLength: 200, maxLength: 300 }, 200, 300],
    [{}, 0, DEFAULT_MAX_STRING_LENGTH],
    [{ minLength: 3000 }, 3000, 3000],
    [{ minLength: 9999, maxLength: 1e9 }, 9999, MAX_STRING_LENGTH],
  ])("follow %o exactly", (keywords, shortest, longest) => {
    const grammar = grammarOf(keywords);
    const accepts = (length: number) => grammar.accepts(`"${"x".repeat(length)}"`);
    for (const length of [shortest, Math.floor((shortest + longest) / 2), longest]) expect(accepts(length)).toBe(true);
    expect(accepts(longest + 1)).toBe(false);
    if (shortest > 0) expect(accepts(shortest - 1)).toBe(false);
  });

  it("count characters, not code units or letters of an escape", () => {
    const grammar = grammarOf({ minLength: 2, maxLength: 2 });
    for (const text of ["😀é", String.raw`\ud83D\uDE00\n`, String.raw`\u0041\/`, String.raw`\\\"`, "\u007f\u2028"]) {
      expect(grammar.accepts(`"${text}"`), text).toBe(true);
      expect([...JSON.parse(`"${text}"`)]).toHaveLength(2);
    }
    for (const text of ["😀", String.raw`\ud83d\ude00`, "abc", String.raw`\u00e9`]) {
      expect(grammar.accepts(`"${text}"`), text).toBe(false);
    }
  });

  it.each([
    String.raw`\ud83d`,
    String.raw`\ude00`,
    String.raw`\ud83dx`,
    String.raw`\ud83d\u0041`,
    String.raw`\x41`,
    String.raw`\u12`,
    "\\",
    '"',
    "\n",
    "\u0000",
    "\u001f",
  ])("exclude invalid JSON and invalid characters: %j", (text) => {
    expect(grammarOf({}).accepts(`"${text}"`)).toBe(false);
  });

  it.each([...stringFormats.values()])("only match the format $name", (format) => {
    const grammar = grammarOf({ format: format.name });
    const random = seededRandom(1);
    for (let count = 0; count < 2000; count++) {
      const text: string = JSON.parse(grammar.sentence(random));
      expect(format.matches(text), text).toBe(true);
      expect(text.length).toBeGreaterThanOrEqual(format.minLength);
      expect(text.length).toBeLessThanOrEqual(format.maxLength);
    }
  });

  it("accept exactly the valid dates", () => {
    const grammar = grammarOf({ format: "date" });
    for (const year of [0, 1899, 1900, 1904, 2000, 2023, 2024, 9996]) {
      for (let month = 0; month <= 13; month++) {
        for (let day = 0; day <= 32; day++) {
          const text = `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
          const date = new Date(`${text}T00:00:00Z`);
          const isDate = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
          expect(grammar.accepts(`"${text}"`), text).toBe(isDate);
        }
      }
    }
  });

  it("ignore other formats", () => {
    expect(schemaToGrammar({ type: "string", format: "email" })).toBe(schemaToGrammar({ type: "string" }));
  });

  it("may combine a format only with length limits that do not change it", () => {
    expect(grammarOf({ format: "uuid", minLength: 36, maxLength: 40 }).accepts(`"${"a".repeat(36)}"`)).toBe(false);
    expect(() => grammarOf({ format: "time", maxLength: 10 })).toThrow(
      expect.objectContaining({ code: "schema-not-supported", keyword: "format" }),
    );
    expect(() => grammarOf({ format: "date", maxLength: 9 })).toThrow("allows no value");
    expect(() => grammarOf({ format: "date", allOf: [{ format: "uuid" }] })).toThrow("conflicts with another format");
  });

  it("are rejected if they must exceed the longest supported length", () => {
    expect(() => grammarOf({ minLength: MAX_STRING_LENGTH + 1 })).toThrow(
      expect.objectContaining({ code: "schema-not-supported", keyword: "minLength" }),
    );
  });
});
