import fc from "fast-check";
import { expect, test } from "vitest";
import { validateJson } from "../../src/json-schema/validate-json.js";
import { shortValues } from "../../src/tool-calls/short-values.js";

const text = { type: "string" };

test.each<[string, unknown, object]>([
  ["a text", text, { ...text, maxLength: 64 }],
  ["a longer minimum", { ...text, minLength: 90 }, { ...text, minLength: 90, maxLength: 90 }],
  ["a smaller maximum", { ...text, maxLength: 8 }, { ...text, maxLength: 8 }],
  ["fixed values", { ...text, enum: ["a"] }, { ...text, enum: ["a"] }],
  ["a list", { type: "array", items: text }, { type: "array", items: { ...text, maxLength: 64 }, maxItems: 4 }],
  [
    "a property named like a keyword",
    { properties: { items: text } },
    { properties: { items: { ...text, maxLength: 64 } } },
  ],
  [
    "alternatives",
    { anyOf: [text, { $ref: "#/$defs/a" }], $defs: { a: text } },
    {
      anyOf: [{ ...text, maxLength: 64 }, { $ref: "#/$defs/a" }],
      $defs: { a: { ...text, maxLength: 64 } },
    },
  ],
  ["no object", 3, { type: "object" }],
])("%s", (_, schema, short) => {
  expect(shortValues(schema)).toEqual(short);
});

test("a value of the short schema satisfies the schema", () =>
  fc.assert(
    fc.property(fc.string(), fc.nat(100), fc.nat(100), (value, minLength, more) => {
      const schema = { type: "object", properties: { a: { ...text, minLength, maxLength: minLength + more } } };
      if (validateJson(shortValues(schema), { a: value }).valid)
        expect(validateJson(schema, { a: value })).toEqual({ valid: true });
    }),
  ));
