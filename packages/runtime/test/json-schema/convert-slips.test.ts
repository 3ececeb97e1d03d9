import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExactNumber } from "../../src/json/exact-number.js";
import { checkValue } from "../../src/json-schema/check-value.js";
import { convertSlips } from "../../src/json-schema/convert-slips.js";
import { readSchema } from "../../src/json-schema/read-schema.js";

const convert = (schema: object, value: unknown) => convertSlips(readSchema(schema), value);

const wanted: [title: string, schema: object, given: unknown, meant: unknown][] = [
  ["text for an integer", { type: "integer" }, "3", 3],
  ["text with a fraction of zero", { type: "integer" }, "3.0", 3],
  ["text with white space", { type: "integer" }, " -7\n", -7],
  ["text with an exponent", { type: "number" }, "1e-3", 0.001],
  ["text for an integer that a double cannot hold", { type: "integer" }, "9007199254740993", "9007199254740993"],
  ["text for a boolean", { type: "boolean" }, "true", true],
  ["Python's word", { type: "boolean" }, "False", false],
  ["text for null", { type: ["integer", "null"] }, "null", null],
  ["number for a text", { type: "string" }, 7, "7"],
  ["boolean for a text", { type: "string" }, true, "true"],
  ["written number for a text", { type: "string" }, new ExactNumber("1.10"), "1.10"],
  ["one value for a list", { type: "array", items: { type: "string" } }, "north", ["north"]],
  ["one wrong value for a list", { type: "array", items: { type: "integer" } }, "3", [3]],
  ["object for a list of objects", { type: "array", items: { type: "object" } }, { a: 1 }, [{ a: 1 }]],
  ["JSON text for a list", { type: "array", items: { type: "string" } }, '["a", "b"]', ["a", "b"]],
  ["JSON text for an object", { type: "object" }, '{"a": 1}', { a: 1 }],
  ["JSON text within a JSON text", { type: "object" }, JSON.stringify('{"a": 1}'), { a: 1 }],
  ["enum in other letter case", { type: "string", enum: ["north", "south"] }, "North ", "north"],
  ["enum of numbers", { enum: [1, 2] }, "2", 2],
  ["enum of texts", { enum: ["1", "2"] }, 2, "2"],
  ["const in other letter case", { const: "ON" }, "on", "ON"],
  ["nullable", { type: "integer", nullable: true }, "4", 4],
  ["anyOf with null, as Python's models write it", { anyOf: [{ type: "integer" }, { type: "null" }] }, "3", 3],
  ["by reference", { $ref: "#/$defs/n", $defs: { n: { type: "integer" } } }, "3", 3],
  ["by allOf", { allOf: [{ type: "integer" }, { minimum: 1 }] }, "3", 3],
];

/** Schemas and values that contain the converted one. */
const places: Record<string, (schema: object, value: unknown) => [object, unknown]> = {
  itself: (schema, value) => [schema, value],
  property: (schema, value) => [{ type: "object", properties: { a: schema }, required: ["a"] }, { a: value }],
  "other property": (schema, value) => [{ type: "object", additionalProperties: schema }, { x: value }],
  item: (schema, value) => [{ type: "array", items: schema }, [value]],
  "first item": (schema, value) => [{ type: "array", prefixItems: [schema] }, [value]],
  alternative: (schema, value) => [
    { anyOf: [{ type: "object", properties: { a: schema }, required: ["a"] }] },
    { a: value },
  ],
};

describe.each(Object.entries(places))("as %s", (_, place) => {
  test.each(wanted.filter(([, schema]) => !("$ref" in schema) || place === places.itself))(
    "%s is converted",
    (_, schema, given, meant) => {
      const [whole, value] = place(schema, given);
      const before = JSON.stringify(value);
      expect(JSON.stringify(convert(whole, value))).toBe(JSON.stringify(place(schema, meant)[1]));
      expect(JSON.stringify(value)).toBe(before);
    },
  );
});

test("removes null for an optional property", () => {
  const schema = { type: "object", properties: { a: { type: "integer" }, b: { type: ["string", "null"] } } };
  expect(convert(schema, { a: null, b: null })).toEqual({ b: null });
  expect(convert({ ...schema, required: ["a"] }, { a: null })).toEqual({ a: null });
});

test("leaves valid and ambiguous values unchanged", () => {
  const kept: [object, unknown][] = [
    [{ anyOf: [{ type: "string" }, { type: "integer" }] }, "3"],
    [{ type: ["string", "integer"] }, "3"],
    [{ type: ["integer", "array"] }, "3"],
    [{ anyOf: [{ type: "boolean" }, { type: "array", items: { type: "string" } }] }, "true"],
    [{ type: "string" }, '{"a":1}'],
    [{ type: "integer" }, "007"],
    [{ type: "integer" }, "3.5"],
    [{ type: "integer" }, "1,000"],
    [{ type: "integer" }, "three"],
    [{ type: "integer" }, ""],
    [{ type: "integer" }, true],
    [{ type: "integer" }, [3]],
    [{ type: "boolean" }, 1],
    [{ type: "boolean" }, "yes"],
    [{ enum: ["a", "A"] }, " a"],
    [{ type: "array", items: { type: "integer" } }, { a: 1 }],
    [{ type: "string" }, null],
    [{ type: "string" }, { a: 1 }],
    [{}, "3"],
  ];
  for (const [schema, value] of kept) expect([schema, convert(schema, value)]).toEqual([schema, value]);
});

test("reports a converted value that is out of range", () => {
  const schema = readSchema({ type: "object", properties: { n: { type: "integer", maximum: 5 } } });
  expect(checkValue(schema, convertSlips(schema, { n: "30" }))).toMatchObject([{ keyword: "maximum", path: "/n" }]);
});

test("leaves any valid value unchanged, and always ends", () => {
  const types = fc.uniqueArray(fc.constantFrom("integer", "number", "string", "boolean", "null", "array", "object"), {
    minLength: 1,
  });
  const schema = fc.letrec((tie) => ({
    schema: fc.oneof(
      { maxDepth: 4 },
      types.map((type) => ({ type })),
      fc.record({ type: fc.constant("array"), items: tie("schema") }),
      fc.record({ type: fc.constant("object"), properties: fc.dictionary(fc.constantFrom("a", "b"), tie("schema")) }),
      fc.record({ anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
    ),
  })).schema as fc.Arbitrary<object>;
  fc.assert(
    fc.property(schema, fc.jsonValue({ maxDepth: 4 }), (raw, value) => {
      const node = readSchema(raw);
      const before = checkValue(node, value).length;
      const converted = convertSlips(node, value);
      if (before === 0) expect(converted).toBe(value);
      // Converting a valid value again changes nothing.
      if (checkValue(node, converted).length === 0) expect(convertSlips(node, converted)).toBe(converted);
    }),
  );
});

test("handles a hostile schema and value quickly", () => {
  let schema: object = { type: "integer" };
  for (let level = 0; level < 12; level++)
    schema = {
      anyOf: [
        { type: "array", items: schema },
        { type: "array", items: schema },
      ],
    };
  let value: unknown = "x";
  for (let level = 0; level < 12; level++) value = [value, value].slice(0, 1 + (level % 2));
  const before = performance.now();
  convert(schema, value);
  expect(performance.now() - before).toBeLessThan(5000);
});
