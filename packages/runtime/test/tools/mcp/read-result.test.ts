import fc from "fast-check";
import { expect, test } from "vitest";
import { readResult } from "../../../src/tools/mcp/read-result.js";
import { toolResultText } from "../../../src/tools/tool-result-text.js";

const shown = (result: object) => toolResultText(readResult(result), 1_000_000);
const failure = (result: object) => {
  try {
    readResult({ ...result, isError: true });
  } catch (error) {
    return (error as Error).message;
  }
  return expect.fail("it was taken for a success");
};

const word = fc.stringMatching(/^[a-z]{4,12}$/);
const texts = fc.array(
  word.map((said) => `Note: ${said}.`),
  { maxLength: 4 },
);
const data = fc.oneof(
  fc.dictionary(word, fc.oneof(word, fc.integer(), fc.boolean(), fc.array(word, { maxLength: 3 })), { minKeys: 1 }),
  fc.array(word, { minLength: 1 }),
);
const pieces = (given: readonly string[]) => given.map((text) => ({ type: "text", text }));

test("shows every text and all data of a result, also of a failed one", () => {
  fc.assert(
    fc.property(texts, fc.option(data, { nil: undefined }), (given, structuredContent) => {
      const result = { content: pieces(given), ...(structuredContent !== undefined && { structuredContent }) };
      const parts = [...given, ...(structuredContent === undefined ? [] : [JSON.stringify(structuredContent)])];
      expect(shown(result)).toBe(parts.length === 0 ? "Done." : parts.join("\n"));
      const why = failure(result);
      if (parts.length === 0) expect(why).toBe("it does not say why");
      else expect(parts.join("\n").startsWith(why)).toBe(true);
      if (structuredContent !== undefined) expect(readResult(result)).toEqual(structuredContent);
    }),
  );
});

test("does not repeat a text that is part of the data, in any notation", () => {
  const reversed = (value: unknown): unknown =>
    Array.isArray(value) || typeof value !== "object" || value === null
      ? value
      : Object.fromEntries(Object.entries(value).reverse());
  const written = fc.constantFrom(
    (value: unknown) => JSON.stringify(value),
    (value: unknown) => JSON.stringify(value, null, 2),
    (value: unknown) => `\n${JSON.stringify(reversed(value), null, 1)} `,
    (value: unknown) =>
      JSON.stringify(value).replace(/(?<=")[a-z]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`),
  );
  fc.assert(
    fc.property(data, written, fc.boolean(), (value, write, isWrapped) => {
      const structuredContent = isWrapped ? { result: value } : value;
      expect(shown({ content: pieces([write(value)]), structuredContent })).toBe(JSON.stringify(structuredContent));
    }),
  );
  const list = { result: ["one", "two", 3] };
  expect(shown({ content: pieces(["one", "two", "3"]), structuredContent: list })).toBe(JSON.stringify(list));
});

test("replaces an invalid piece of content by a placeholder and keeps the others", () => {
  const odd = fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.integer()));
  fc.assert(
    fc.property(odd, word, fc.boolean(), (piece, said, isFirst) => {
      const text = { type: "text", text: said };
      const found = shown({ content: isFirst ? [piece, text] : [text, piece] });
      expect(found.split("\n").sort()).toEqual([`[not a piece of content: ${JSON.stringify(piece)}]`, said].sort());
      expect(() => readResult({ content: [piece] })).toThrow("its answer is not a valid result");
    }),
  );
  expect(shown({ content: [{ type: "video" }] })).toBe("[content of the unknown type video]");
});

test("recognizes a failed result by its flag in any notation", () => {
  const result = (flag: object) => () => readResult({ content: [{ type: "text", text: "it is shut" }], ...flag });
  for (const key of ["isError", "is_error"]) {
    for (const flag of [true, 1, "true", "True", " TRUE ", "1", "yes", "error", 2, {}]) {
      expect(result({ [key]: flag }), String(flag)).toThrow("it is shut");
    }
    for (const flag of [false, 0, "false", "False", "0", "", "no", null, undefined, "null"]) {
      expect(result({ [key]: flag })(), String(flag)).toBe("it is shut");
    }
  }
});
