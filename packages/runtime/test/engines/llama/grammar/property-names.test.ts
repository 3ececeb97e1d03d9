import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyText } from "../../../../../../scripts/any-text.js";
import { schemaToGrammar } from "../../../../src/engines/llama/grammar/schema-to-grammar.js";
import { GbnfGrammar } from "./gbnf-grammar.js";
import { seededRandom } from "./seeded-random.js";
import { spacedJson } from "./spaced-json.js";

const name = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", "b", "ab", "_"), maxLength: 4 }),
  anyText({ maxLength: 3 }),
);

describe("names of other properties", () => {
  it("never equal declared names, whose values they would replace", () => {
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 8 }), fc.array(name), fc.nat(), (list, others, seed) => {
        const declared = list.filter((one) => one !== "__proto__");
        const schema = {
          type: "object",
          properties: Object.fromEntries(declared.map((one) => [one, { type: "null" }])),
          additionalProperties: { const: 1 },
        };
        const grammar = new GbnfGrammar(schemaToGrammar(schema));
        const accepts = (one: string) => grammar.accepts(`{${JSON.stringify(one)}: 1}`);
        for (const one of [...declared, "__proto__"]) expect(accepts(one), one).toBe(false);
        for (const one of [...others, ...declared.map((first) => `${first}a`), "__proto", "__proto__a"]) {
          const isPlain = one !== "" && JSON.stringify(one) === `"${one}"`;
          expect(accepts(one), one).toBe(isPlain && !declared.includes(one) && one !== "__proto__");
        }
        const random = seededRandom(seed);
        for (let count = 0; count < 20; count++) {
          const value: Record<string, unknown> = JSON.parse(grammar.sentence(random));
          for (const [key, inner] of Object.entries(value)) expect(inner, key).toBe(declared.includes(key) ? null : 1);
        }
      }),
    );
  });

  it("have up to 64 characters, regardless of the declared names", () => {
    const declared = ["x".repeat(63), "x".repeat(64), "x".repeat(65), "x".repeat(1000)];
    const grammar = new GbnfGrammar(
      schemaToGrammar({
        properties: Object.fromEntries(declared.map((one) => [one, true])),
        additionalProperties: { type: "null" },
      }),
    );
    for (const length of [62, 63, 64, 65, 66]) {
      expect(grammar.accepts(`{"${"y".repeat(length)}": null}`)).toBe(length <= 64);
      expect(grammar.accepts(`{"${"x".repeat(length)}": null}`)).toBe(length !== 66);
    }
  });

  it.each([
    [{ properties: JSON.parse('{"__proto__": {}}') }, "properties"],
    [{ required: ["__proto__"] }, "required"],
    [{ const: JSON.parse('{"__proto__": 1}') }, "const"],
    [{ enum: [[JSON.parse('{"a": {"__proto__": 1}}')]] }, "enum"],
  ])("exclude __proto__, as do declared names: %j", (schema, keyword) => {
    expect(() => schemaToGrammar(schema)).toThrow(expect.objectContaining({ code: "schema-not-supported", keyword }));
  });

  it("may be names of inherited properties", () => {
    const names = ["toString", "constructor", "hasOwnProperty", "valueOf", "then"];
    const properties = Object.fromEntries(names.map((one) => [one, { enum: [{ [one]: 1 }] }]));
    const grammar = new GbnfGrammar(schemaToGrammar({ properties, required: names, additionalProperties: false }));
    expect(grammar.accepts(spacedJson(Object.fromEntries(names.map((one) => [one, { [one]: 1 }]))))).toBe(true);
    const map = new GbnfGrammar(schemaToGrammar({ type: "object", additionalProperties: { type: "null" } }));
    for (const one of names) expect(map.accepts(`{"${one}": null}`)).toBe(true);
  });

  it("may be limited by propertyNames", () => {
    const schema = {
      type: "object",
      propertyNames: { enum: ["p", "q", 1] },
      additionalProperties: { type: "integer" },
    };
    const grammar = new GbnfGrammar(schemaToGrammar({ ...schema, required: ["q"] }));
    const texts = ['{"p": 1, "q": 2}', '{"q": 2}', '{"p": 1}', '{"q": 2, "r": 3}', '{"q": true}'];
    expect(texts.map((text) => grammar.accepts(text))).toEqual([true, true, false, false, false]);
    const free = new GbnfGrammar(schemaToGrammar({ ...schema, propertyNames: { type: "string" } }));
    expect(free.accepts('{"any": 1}')).toBe(true);
    expect(() => schemaToGrammar({ ...schema, propertyNames: { maxLength: 3 } })).toThrow(
      expect.objectContaining({ keyword: "propertyNames" }),
    );
    expect(new GbnfGrammar(schemaToGrammar({ ...schema, propertyNames: false })).accepts('{"p": 1}')).toBe(false);
  });
});
