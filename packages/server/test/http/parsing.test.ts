import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJsonBody } from "../../src/http/parse-json-body.js";
import { parseTarget } from "../../src/http/request-target.js";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("JSON bodies", () => {
  test("are what JSON.parse makes of them", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJsonBody(bytes(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test("of any bytes are a value or a typed error", () => {
    const pieces = fc.constantFrom("{", "}", "[", "]", '"', "\\", ",", ":", "1", "a", "\\u00", "é", "true", " ");
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(pieces).map((list) => bytes(list.join(""))),
    );
    fc.assert(
      fc.property(hostile, (body) => {
        try {
          parseJsonBody(body);
        } catch (error) {
          expect(error).toMatchObject({ code: "request-not-valid", status: 400 });
        }
      }),
    );
  });

  test.each([
    ["[".repeat(200) + "]".repeat(200), true],
    ["[".repeat(201) + "]".repeat(201), false],
    [`${'{"a":'.repeat(201)}1${"}".repeat(201)}`, false],
    [`[${"[],".repeat(124_000)}[]]`, true],
    [`[${"[],".repeat(126_000)}[]]`, false],
    [JSON.stringify("[{,".repeat(200_000)), true],
    [JSON.stringify('"[{\\'.repeat(1000)), true],
    ['"\\', false],
    ["\uFEFF1", true],
  ])("limits of nesting and number (%#)", (text, isValid) => {
    const parse = () => parseJsonBody(bytes(text));
    if (isValid) expect(parse()).toEqual(JSON.parse(text.replace("\uFEFF", "")));
    else expect(parse).toThrow(expect.objectContaining({ code: "request-not-valid" }));
  });
});

test("targets of any text are a path or null, and what they encode is found again", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      parseTarget(text);
      parseTarget(`/${text}`);
      const encoded = parseTarget(`/x/${encodeURIComponent(text)}?a=${encodeURIComponent(text)}`);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are refused.
      if (/[\x00-\x1f\x7f]/.test(text)) expect(encoded).toBeNull();
      else expect(encoded?.path).toBe(`/x/${text}`);
    }),
  );
});
