import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readSchema } from "../../src/json-schema/read-schema.js";
import { resolveJsonSchema } from "../../src/json-schema/resolve-json-schema.js";
import { defineTool } from "../../src/tools/define-tool.js";
import { simplifySchema } from "../../src/tools/simplify-schema.js";
import { ToolSet } from "../../src/tools/tool-set.js";

const text = { type: "string" };
const person = { type: "object", properties: { a: text }, required: ["a"] };

class ForeignType {
  _def = { typeName: "ZodObject" };
  parse = () => ({});
}

/** Schemas of other libraries without a JSON Schema, or with a hidden one. */
const foreign: Record<string, unknown> = {
  "an instance of a class": new ForeignType(),
  "a function with a tree": Object.assign(() => {}, { ast: {} }),
  "a Standard Schema without a JSON Schema": {
    "~standard": { version: 1, vendor: "x", validate: () => ({ value: 1 }) },
  },
  "a shape of types": { a: new ForeignType(), b: new ForeignType() },
  "a shape of texts": { city: "string", days: "number" },
  "a shape whose names are annotations": { title: new ForeignType(), id: new ForeignType() },
  "a shape of texts, one of them an annotation": { title: "string", days: "number" },
  "an object with only symbols": { [Symbol("schema")]: true },
  "a wrapper without a schema": { jsonSchema: Promise.resolve(person), validate: () => {} },
  "a parser": { parse: () => ({}), safeParse: () => ({}) },
  "a validator": { kind: "schema", entries: {}, async: false },
  "a function tool": { parameters: person, name: "a" },
  "a list": [person],
  "a text": "object",
};

/** The same inside a JSON Schema. */
const within: Record<string, object> = {
  "a property": { type: "object", properties: { a: new ForeignType() } },
  "a property that is a text": { type: "object", properties: { a: "string" } },
  "a Standard Schema as a property": {
    type: "object",
    properties: {
      a: { kind: "schema", type: "string", "~standard": { version: 1, vendor: "x", validate: () => ({}) } },
    },
  },
  "an item": { type: "object", properties: { a: { type: "array", items: new ForeignType() } } },
  "an alternative": { type: "object", properties: { a: { anyOf: [new ForeignType(), text] } } },
  "a property beside a keyword that is not supported": {
    type: "object",
    not: {},
    properties: { a: new ForeignType() },
  },
};

const tool = (input: unknown) => defineTool({ name: "a", description: "A.", input: input as object, run: () => 1 });

test.each(Object.entries(foreign))("never reads %s as a schema that allows anything", (_, schema) => {
  expect(() => tool(schema)).toThrow(expect.objectContaining({ code: "schema-not-supported" }));
  expect(() => resolveJsonSchema(schema)).toThrow(/JSON Schema|schema/);
});

test.each(Object.entries(within))("reports %s of another library with the name of the tool", async (_, schema) => {
  await expect(ToolSet.open([tool(schema)])).rejects.toMatchObject({ code: "invalid-tool", tool: "a" });
});

test("accepts a JSON Schema with a hidden mark of its library, also nested", async () => {
  const made = Object.defineProperty({ ...person }, "~standard", { value: { version: 1 }, enumerable: false });
  for (const schema of [
    made,
    { type: "object", properties: { a: made } },
    { type: "object", not: {}, properties: { a: made } },
  ]) {
    await expect(ToolSet.open([tool({ jsonSchema: schema })])).resolves.toBeDefined();
  }
});

test("finds a JSON Schema in a library's wrapper", () => {
  expect(resolveJsonSchema({ [Symbol("schema")]: true, validate: undefined, jsonSchema: person })).toBe(person);
  expect(resolveJsonSchema(Object.assign({}, person, { [Symbol("kind")]: "Object" }))).toMatchObject(person);
  expect(resolveJsonSchema({})).toEqual({});
});

const unsupported: [string, unknown][] = [
  ["pattern", "^(a+)+$"],
  ["not", {}],
  ["if", {}],
  ["then", false],
  ["patternProperties", { "^x": false }],
  ["uniqueItems", true],
  ["contains", {}],
  ["dependentRequired", { a: ["b"] }],
  ["unevaluatedProperties", false],
  ["$dynamicRef", "#x"],
  ["minimun", 3],
  ["$ref", "https://example.com/schema.json"],
  ["$ref", "#/$defs/Missing"],
  ["type", "float"],
  ["minLength", -1],
  ["enum", []],
  ["required", "a"],
  ["constructor", 1],
];

describe.each(unsupported)("the keyword %s: %j", (keyword, value) => {
  test("is not enforced, with one notice, while the rest of the schema is", async () => {
    const schema = {
      type: "object",
      properties: { a: { type: "integer" }, b: { [keyword]: value } },
      additionalProperties: false,
    };
    const tools = await ToolSet.open([tool(schema)], { onPermission: () => true });
    const call = (input: object) => tools.call({ id: "1", name: "a", arguments: input }, { idempotencyKey: "k" });
    expect(tools.notices).toEqual([
      `Not enforced in the arguments of the tool "a": ${keyword} at /properties/b. Check them in the tool.`,
    ]);
    expect((await call({ a: 1, b: "x" })).outcome).toBe("done");
    expect((await call({ a: "x" })).outcome).toBe("invalid-arguments");
    expect((await call({ c: 1 })).outcome).toBe("invalid-arguments");
    readSchema(tools.tools[0]?.inputSchema ?? {});
  });
});

test("does not report annotations, or keywords that a schema checks itself", async () => {
  const remarks = {
    title: "A",
    default: 1,
    examples: [1],
    deprecated: true,
    "x-order": 1,
    $comment: "no",
    readOnly: false,
  };
  const schema = { $schema: "http://json-schema.org/draft-07/schema#", ...person, ...remarks };
  expect((await ToolSet.open([tool(schema)])).notices).toEqual([]);
  const standard = {
    "~standard": {
      version: 1,
      vendor: "x",
      validate: (value: unknown) => ({ value }),
      jsonSchema: { input: () => ({ ...person, properties: { a: { type: "string", pattern: "^a" } } }) },
    },
  };
  expect((await ToolSet.open([tool(standard)])).notices).toEqual([]);
});

/** Schemas by servers in other languages, older drafts and OpenAPI, and their meaning here. */
const tolerated: [title: string, given: unknown, meant: object][] = [
  ["null for absent values", { type: "object", properties: null, required: null, additionalProperties: null }, {}],
  ["no type", { properties: { a: text } }, { properties: { a: text } }],
  ["types beside null", { type: ["object", "null"] }, {}],
  [
    "draft 4's bounds",
    { properties: { a: { minimum: 1, exclusiveMinimum: true } } },
    { properties: { a: { minimum: 1, exclusiveMinimum: 1 } } },
  ],
  [
    "draft 4's bounds without a number",
    { properties: { a: { minimum: 1, exclusiveMinimum: false } } },
    { properties: { a: { minimum: 1 } } },
  ],
  ["draft 4's id", { id: "http://x/y", properties: { a: { id: "#a", type: "string" } } }, { properties: { a: text } }],
  ["draft 3's required", { properties: { a: { type: "string", required: true } } }, { properties: { a: text } }],
  [
    "tuples of older drafts",
    { properties: { a: { items: [text], additionalItems: false } } },
    { properties: { a: { prefixItems: [text] } } },
  ],
  ["a format", { properties: { a: { type: "string", format: "date-time" } } }, { properties: { a: text } }],
  [
    "nullable",
    { properties: { a: { type: "string", nullable: true }, b: { nullable: true } } },
    { properties: { a: { type: "string", nullable: true }, b: {} } },
  ],
  ["an unknown type", { properties: { a: { type: "any" } } }, { properties: { a: {} } }],
  ["anyOf at the root", { anyOf: [{ required: ["a"] }] }, { anyOf: [{ required: ["a"] }] }],
  ["oneOf", { oneOf: [{ required: ["a"] }] }, { anyOf: [{ required: ["a"] }] }],
  [
    "definitions",
    { properties: { a: { $ref: "#/definitions/t" } }, definitions: { t: text } },
    { properties: { a: { $ref: "#/definitions/t" } }, definitions: { t: text } },
  ],
  [
    "a reference to another document",
    { properties: { a: { $ref: "#/components/schemas/T" } } },
    { properties: { a: {} } },
  ],
  ["patterns of names", { patternProperties: { "^x": text }, additionalProperties: false }, {}],
  ["an invalid part", { properties: { a: "string", b: 7 } }, { properties: { a: {}, b: {} } }],
  ["true and false", { properties: { a: true, b: false } }, { properties: { a: true, b: false } }],
];

test.each(tolerated)("reads a server's schema with %s", (_, given, meant) => {
  expect(simplifySchema(given).schema).toEqual({ type: "object", ...meant });
});

test("reads any schema of a server completely, or rejects it with a reason", () => {
  const keyword = fc.constantFrom(
    ...[
      "type",
      "properties",
      "required",
      "items",
      "enum",
      "const",
      "anyOf",
      "oneOf",
      "allOf",
      "$ref",
      "minimum",
      "format",
    ],
    ...[
      "additionalProperties",
      "nullable",
      "exclusiveMinimum",
      "definitions",
      "prefixItems",
      "__proto__",
      "toString",
      "id",
    ],
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, false, 0, -1, 1.5, "object", "string", "integer", "#", "#/properties/a", "", [], {}),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(keyword, tie("value"), { maxKeys: 5 }),
    ),
  }));
  fc.assert(
    fc.property(value, (given) => {
      let schema: object;
      try {
        schema = simplifySchema(given).schema;
      } catch (error) {
        expect((error as Error).message).toMatch(/^(it |In the schema)/);
        return;
      }
      readSchema(schema);
    }),
    { numRuns: process.env.NANOAGENT_SOAK ? 20_000 : 2000 },
  );
});
