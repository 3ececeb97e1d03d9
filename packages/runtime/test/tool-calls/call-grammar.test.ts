import { expect, test } from "vitest";
import { schemaToGrammar } from "../../src/engines/llama/grammar/schema-to-grammar.js";
import { argumentsGrammar, loosenedGrammar } from "../../src/tool-calls/call-grammar.js";

const text = { type: "string" };
const withBoth = (properties: object, more: object = {}) => ({
  type: "object",
  properties,
  required: ["a", "b"],
  ...more,
});
const both = withBoth({ a: text, b: text });

test.each([
  ["pattern", withBoth({ a: { ...text, pattern: "^(?=x)" }, b: text }), both],
  ["not", withBoth({ a: { ...text, not: { const: "" } }, b: text }), both],
  ["patternProperties", { ...both, patternProperties: { "^x": text }, additionalProperties: false }, both],
  ["if", { ...both, if: { properties: { a: { const: "x" } } }, else: { required: ["c"] } }, both],
  ["dependentRequired", { ...both, dependentRequired: { a: ["c"] } }, both],
  ["a reference elsewhere", withBoth({ a: { ...text, $ref: "https://a.test/b" }, b: text }), both],
  [
    "multipleOf",
    withBoth({ a: { type: "integer", multipleOf: 5 }, b: text }),
    withBoth({ a: { type: "integer" }, b: text }),
  ],
  [
    "a required name that is not allowed",
    withBoth({ a: text }, { additionalProperties: false }),
    withBoth({ a: text }),
  ],
  ["minProperties", { ...both, minProperties: 3 }, both],
  [
    "alternatives that overlap",
    withBoth({ a: { oneOf: [text, { enum: ["x"] }] }, b: text }),
    withBoth({ a: { anyOf: [text, { enum: ["x"] }] }, b: text }),
  ],
  ["several at once", withBoth({ a: { ...text, pattern: "a" }, b: { ...text, pattern: "b" } }, { not: {} }), both],
])("arguments keep the rest of a schema with %s", (_, schema, rest) => {
  const before = structuredClone(schema);
  expect(argumentsGrammar(schema, false)).toBe(schemaToGrammar(rest));
  expect(schema).toEqual(before);
});

test("a schema that no value satisfies becomes any object", () => {
  const schema = withBoth({ a: false, b: text });
  expect(argumentsGrammar(schema, false)).toBe(schemaToGrammar({ type: "object" }));
});

test("a value keeps its type without the keyword that cannot be expressed", () => {
  expect(loosenedGrammar({ ...text, pattern: "^a" }, {})).toBe(schemaToGrammar(text));
});
