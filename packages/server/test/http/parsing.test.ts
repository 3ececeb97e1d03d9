import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BodySpace } from "../../src/http/body-space.js";
import { parseJsonBody } from "../../src/http/parse-json-body.js";
import { parseTarget } from "../../src/http/request-target.js";

const bytes = (text: string) => new TextEncoder().encode(text);

const parseBody = (body: Uint8Array, headers: Record<string, string> = {}) =>
  parseJsonBody(body, new BodySpace(1e9).open(), (name) => headers[name] ?? null);

describe("JSON bodies", () => {
  test("are what JSON.parse makes of them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        expect(await parseBody(bytes(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test("of any bytes are a value or a typed error", async () => {
    const pieces = fc.constantFrom("{", "}", "[", "]", '"', "\\", ",", ":", "1", "a", "\\u00", "é", "true", " ");
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(pieces).map((list) => bytes(list.join(""))),
    );
    await fc.assert(
      fc.asyncProperty(hostile, async (body) => {
        try {
          await parseBody(body);
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
  ])("limits of nesting and number (%#)", async (text, isValid) => {
    const parsed = parseBody(bytes(text));
    if (isValid) expect(await parsed).toEqual(JSON.parse(text.replace("\uFEFF", "")));
    else await expect(parsed).rejects.toThrow(expect.objectContaining({ code: "request-not-valid" }));
  });

  test("that something else has read are told from those that were not sent", async () => {
    await expect(parseBody(bytes(""))).rejects.toThrow("The request has no body");
    await expect(parseBody(bytes(""), { "content-length": "2" })).rejects.toMatchObject({
      code: "body-refused",
      hint: expect.stringContaining("before body parsers"),
    });
  });
});

test("targets of any text are a path or null, and what they encode is found again", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      parseTarget(text);
      parseTarget(`/${text}`);
      const encoded = parseTarget(`/x/${encodeURIComponent(text)}?a=${encodeURIComponent(text)}`);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the test needs the refused characters.
      if (/[\x00-\x1f\x7f]/.test(text)) expect(encoded).toBeNull();
      else expect(encoded?.path).toBe(`/x/${text}`);
    }),
  );
});
