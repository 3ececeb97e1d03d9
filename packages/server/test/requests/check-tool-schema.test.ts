import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ServiceError } from "../../src/errors/service-error.js";
import { readTools } from "../../src/requests/read-tools.js";

const of = (parameters: object) => ({ tools: [{ type: "function", function: { name: "lamp", parameters } }] });

describe("the parameters of a tool", () => {
  test.each([
    [{ properties: "x" }, "properties"],
    [{ properties: ["x"] }, "properties"],
    [{ properties: { on: "boolean" } }, "properties.on"],
    [{ properties: { on: { type: 7 } } }, "properties.on.type"],
    [{ properties: { on: { type: [7] } } }, "properties.on.type"],
    [{ properties: { on: { enum: "on" } } }, "properties.on.enum"],
    [{ properties: { on: { items: 1 } } }, "properties.on.items"],
    [{ properties: { on: { anyOf: {} } } }, "properties.on.anyOf"],
    [{ properties: { on: { anyOf: [{ type: "string" }, "number"] } } }, "properties.on.anyOf[1]"],
    [{ properties: { on: { minLength: "1" } } }, "properties.on.minLength"],
    [{ required: "on" }, "required"],
    [{ required: [1] }, "required"],
    [{ additionalProperties: "no" }, "additionalProperties"],
    [{ $defs: { a: [] } }, "$defs.a"],
  ])("%j are not a schema", (parameters, place) => {
    const param = `tools[0].function.parameters.${place}`;
    const error = thrownBy(() => readTools(of(parameters), "nested"));
    expect(error).toMatchObject({ status: 400, param });
    expect(error?.message).toMatch(/^tools\[0\].* must be .*, not .*\.$/);
  });

  test.each([
    { required: ["zz"] },
    { properties: { a: true, b: false }, additionalProperties: {} },
    { properties: { a: { pattern: "^(?=x)", not: {} } }, patternProperties: { "^x": {} } },
    { properties: { a: { type: ["string", "null"], description: null, enum: null }, b: null }, required: null },
    { properties: { a: { items: [{ type: "string" }], required: true, minimum: 1, exclusiveMinimum: true } } },
    { properties: { a: { type: "any", const: 1, default: {}, examples: "x", "x-order": 1 } } },
    { properties: { properties: { type: "string" }, type: { type: "string" }, enum: {} } },
    { if: { required: ["a"] }, else: {}, dependencies: { a: ["b"] } },
  ])("%j are a schema", (parameters) => {
    expect(readTools(of(parameters), "nested")?.tools[0]?.inputSchema).toMatchObject(parameters);
  });

  test("of any kind are accepted or refused, with a place of bounded length", () => {
    const keyword = fc.constantFrom("properties", "items", "anyOf", "required", "type", "not", "enum", "$defs", "a");
    const { schema } = fc.letrec<{ schema: unknown }>((tie) => ({
      schema: fc.oneof(
        { maxDepth: 6 },
        fc.jsonValue({ maxDepth: 1 }),
        fc.array(tie("schema"), { maxLength: 2 }),
        fc.dictionary(fc.oneof(keyword, fc.string({ maxLength: 300 })), tie("schema"), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(keyword, schema, { maxKeys: 4 }), (parameters) => {
        const error = thrownBy(() => readTools(of(parameters), "nested"));
        if (error === null) return;
        expect(error).toBeInstanceOf(ServiceError);
        expect(error.message.length).toBeLessThan(400);
      }),
    );
  });
});

function thrownBy(action: () => unknown): Error | null {
  try {
    action();
    return null;
  } catch (error) {
    return error as Error;
  }
}
