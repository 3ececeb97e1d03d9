import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  exactOrText,
  exactTextOf,
  readExactArguments,
  readExactJson,
  readPlainJson,
} from "../../src/json/exact-json.js";
import { ExactNumber } from "../../src/json/exact-number.js";

const runs = process.env.NANOAGENT_SOAK ? 10_000 : 1000;

/** Numbers in unusual notations: long, with trailing zeros, with exponents, out of range. */
const numberText = fc
  .tuple(
    fc.constantFrom("", "-"),
    fc.oneof(fc.constant("0"), fc.stringMatching(/^[1-9]\d{0,30}$/)),
    fc.oneof(fc.constant(""), fc.stringMatching(/^\.\d{1,20}$/)),
    fc.oneof(fc.constant(""), fc.stringMatching(/^[eE][+-]?\d{1,3}$/)),
  )
  .map((parts) => parts.join(""));

/** JSON texts with any numbers, duplicate keys, and keys that look like numbers. */
const { text: jsonText } = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { maxDepth: 5 },
    numberText,
    fc.constantFrom("true", "false", "null"),
    fc.string({ unit: "binary" }).map((text) => JSON.stringify(text)),
    fc.array(tie("text"), { maxLength: 4 }).map((items) => `[${items.join(",")}]`),
    fc
      .array(fc.tuple(fc.constantFrom("a", "10", "9", "__proto__", "b c"), tie("text")), { maxLength: 4 })
      .map((entries) => `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${item}`).join(",")}}`),
  ),
}));

const padded = (text: string) => text.replace(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g, (token) => ` \n${token}\t\r `);

test("keeps the text with all of its numbers and keys", () => {
  fc.assert(
    fc.property(jsonText, (text) => {
      expect(readExactJson(text)?.text).toBe(text);
      expect(readExactJson(padded(text))?.text).toBe(text);
      expect(readExactJson(`\ufeff${text}`)?.text).toBe(text);
      const { value } = readExactJson(text) as { value: unknown };
      if (typeof value === "object" && value !== null) expect(exactTextOf(value) ?? String(value)).toBe(text);
    }),
    { numRuns: runs },
  );
});

test("writes numbers of the value as they were read", () => {
  fc.assert(
    fc.property(numberText, (text) => {
      const { value } = readExactJson(`{"a":[${text}]}`) as { value: { a: unknown[] } };
      expect(String(value.a[0])).toBe(text);
    }),
    { numRuns: runs },
  );
});

test("reads an argument as a JavaScript number where that is exact, in any notation", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(5), (number, zeros) => {
      const [mantissa = "", exponent] = String(number).split("e");
      const longer = `${mantissa}${mantissa.includes(".") ? "" : "."}${"0".repeat(zeros + 1)}`;
      const text = exponent === undefined ? longer : `${longer}e${exponent}`;
      expect(readExactArguments(text)).toBe(Object.is(number, -0) ? 0 : number);
    }),
    { numRuns: runs },
  );
  fc.assert(
    fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }), (number) => {
      const read = readExactArguments(String(number));
      expect(String(read)).toBe(String(number));
      expect(typeof read === "number" ? BigInt(read) : BigInt((read as ExactNumber).text)).toBe(number);
    }),
  );
});

describe("JSON of any depth", () => {
  test.each([50, 100, 101, 2000, 100_000])("is read without recursion: %i", (levels) => {
    const text = `${'{"a":['.repeat(levels / 2)}${"]}".repeat(levels / 2)}`;
    expect(readExactJson(text)?.text).toBe(text);
    expect(readExactJson(text)?.value === undefined).toBe(Math.floor(levels / 2) * 2 > 100);
  });
});

test("returns undefined for invalid JSON", () => {
  for (const text of ["", "{", "NaN", "01", "[1,]", "'a'", "\ufeff\ufeff1"])
    expect(readExactJson(text)).toBeUndefined();
});

test("recognizes integers in any notation", () => {
  for (const text of ["12345678901234567890", "1e400", "1.50e1", "120e-1"]) {
    expect([text, new ExactNumber(text).isInteger]).toEqual([text, true]);
  }
  for (const text of ["0.12345678901234567890", "1e-400", "125e-1"]) {
    expect([text, new ExactNumber(text).isInteger]).toEqual([text, false]);
  }
});

test("returns the text instead of the value where a number would change its notation", () => {
  for (const text of ["null", "true", '"a"', "1.5", '{"a":[100]}']) expect(exactOrText(text)).toEqual(JSON.parse(text));
  for (const text of ["9007199254740993", '{"a":1e999}', "1.50", '{"a":[1e2]}', "-0"])
    expect(exactOrText(text)).toBe(text);
  expect(exactOrText("{")).toBeUndefined();
});

test("reads plain data without changing a number", () => {
  expect(readPlainJson('{"a":30.0,"b":[1e2,12345678901234567890,1e400],"c":null}')).toEqual({
    a: 30,
    b: [100, "12345678901234567890", "1e400"],
    c: null,
  });
  expect(readPlainJson("12345678901234567890")).toBe("12345678901234567890");
  expect(readPlainJson("null")).toBeNull();
  expect(readPlainJson("ON")).toBeUndefined();
});
