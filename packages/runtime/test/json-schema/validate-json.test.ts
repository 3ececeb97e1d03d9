import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { validateJson } from "../../src/json-schema/validate-json.js";
import { compileByAjv } from "../engines/llama/grammar/compile-by-ajv.js";
import { jsonValue, recursiveCase, schemaCase } from "../engines/llama/grammar/schema-case.js";
import { seededRandom } from "../engines/llama/grammar/seeded-random.js";

/** Replaces parts of `value` at random: checks are most likely wrong for values that are nearly valid. */
function changed(value: unknown, other: unknown, random: () => number): unknown {
  if (random() < 0.2) return other;
  if (typeof value === "number" && random() < 0.5) return value + (random() < 0.5 ? 1 : -0.5);
  if (typeof value === "string" && random() < 0.5) return random() < 0.5 ? `${value}😀` : value.slice(1);
  if (Array.isArray(value)) {
    const items = value.map((item) => changed(item, other, random));
    return random() < 0.3 ? [...items, other] : items.slice(random() < 0.3 ? 1 : 0);
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, changed(inner, other, random)]);
  if (random() < 0.3) entries.push(["other", other]);
  return Object.fromEntries(random() < 0.3 ? entries.slice(1) : entries);
}

describe("validateJson", () => {
  it("agrees with Ajv on every value", () => {
    const anyCase = fc.oneof({ weight: 3, arbitrary: schemaCase }, { weight: 1, arbitrary: recursiveCase });
    let [valid, invalid] = [0, 0];
    fc.assert(
      fc.property(anyCase, jsonValue, fc.nat(), ({ schema, make }, other, seed) => {
        const random = seededRandom(seed);
        const satisfies = compileByAjv(schema);
        for (let count = 0; count < 20; count++) {
          const value = count === 0 ? other : count < 5 ? make(random) : changed(make(random), other, random);
          const result = validateJson(schema, value);
          if (result.valid !== satisfies(value)) throw new Error(`${JSON.stringify(value)}: ${JSON.stringify(result)}`);
          if (result.valid) valid += 1;
          else invalid += 1;
        }
      }),
    );
    // Both verdicts must occur, otherwise the test shows nothing.
    expect(Math.min(valid, invalid)).toBeGreaterThan(100);
  });

  it("requires a property with an empty name like any other", () => {
    const schema = { type: "object", properties: { "": { type: "boolean" } }, required: [""] };
    expect(validateJson(schema, { "": true })).toEqual({ valid: true });
    expect(validateJson(schema, {})).toMatchObject({ valid: false, issues: [{ keyword: "required" }] });
  });

  it("reports the place, the keyword and the requirement", () => {
    const schema = {
      type: "object",
      properties: {
        "a/b": { type: "array", items: { type: "integer", minimum: 1 } },
        kind: { enum: ["one", "two"] },
        text: { type: "string", maxLength: 2, format: "date" },
      },
      required: ["kind", "name"],
      additionalProperties: false,
    };
    expect(validateJson(schema, { "a/b": [1, 0, "x"], kind: "three", text: "😀😀😀", "~": 1 })).toEqual({
      valid: false,
      issues: [
        { path: "", keyword: "required", message: 'must have the property "name"' },
        { path: "/a~1b/1", keyword: "minimum", message: "must be at least 1" },
        { path: "/a~1b/2", keyword: "type", message: "must be integer" },
        { path: "/kind", keyword: "enum", message: 'must be one of "one", "two"' },
        { path: "/text", keyword: "maxLength", message: "must have at most 2 characters" },
        { path: "/text", keyword: "format", message: "must be of the form date" },
        { path: "/~0", keyword: null, message: "is not allowed here" },
      ],
    });
  });

  it("lists no more than 20 issues", () => {
    const result = validateJson({ items: { type: "null" } }, Array(100_000).fill(1));
    expect(result).toMatchObject({ valid: false, issues: { length: 20 } });
  });

  it.each([
    [
      "date",
      ["2024-02-29", "2000-02-29", "0000-01-01"],
      ["2023-02-29", "1900-02-29", "2024-13-01", "2024-04-31", "24-01-01", "2024-01-00"],
    ],
    [
      "time",
      ["23:59:59Z", "00:00:00.123456789-23:59", "23:59:60Z", "22:59:60-01:00"],
      ["24:00:00Z", "12:00:00", "12:00Z", "12:30:60Z", "12:00:00+24:00"],
    ],
    [
      "date-time",
      ["2024-02-29T12:00:00Z", "2024-02-29t12:00:00z"],
      ["2024-02-29 12:00:00Z", "2024-02-29T12:00:00", "2024-02-30T12:00:00Z"],
    ],
    [
      "uuid",
      ["123e4567-E89B-12d3-a456-426614174000"],
      ["123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g"],
    ],
    ["ipv4", ["0.0.0.0", "255.250.199.9"], ["256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4.", "1..2.3"]],
    ["email", ["not checked"], []],
  ])("knows the format %s", (format, right, wrong) => {
    for (const text of right) expect(validateJson({ format }, text), text).toEqual({ valid: true });
    for (const text of wrong) expect(validateJson({ format }, text), text).toMatchObject({ valid: false });
  });

  it("compares decimals as they are written", () => {
    expect(validateJson({ multipleOf: 0.01 }, 0.07)).toEqual({ valid: true });
    expect(validateJson({ multipleOf: 0.01 }, 0.075)).toMatchObject({ valid: false });
    expect(validateJson({ multipleOf: 3 }, 9)).toEqual({ valid: true });
    expect(validateJson({ multipleOf: 1e-300 }, 1e300)).toEqual({ valid: true });
  });

  it("compares properties that are named like members of Object.prototype", () => {
    const schema = {
      const: { toString: null, constructor: [1] },
      properties: { valueOf: false },
      required: ["toString"],
    };
    expect(validateJson(schema, { constructor: [1], toString: null })).toEqual({ valid: true });
    expect(validateJson(schema, { constructor: [1] })).toMatchObject({ valid: false });
    expect(validateJson(schema, JSON.parse('{"toString": null, "__proto__": [1]}'))).toMatchObject({ valid: false });
  });

  it.each([undefined, () => 1, 1n, Number.NaN, new Date(0), new Map()])("rejects %s, which is not JSON", (value) => {
    expect(validateJson({}, value)).toEqual({
      valid: false,
      issues: [{ path: "", keyword: null, message: "is not a JSON value" }],
    });
  });

  it("ends for cyclic values and schemas", () => {
    const list = {
      properties: { next: { anyOf: [{ $ref: "#" }, { $ref: "#", required: ["next"] }] } },
      required: ["next"],
    };
    const value: Record<string, unknown> = {};
    value.next = value;
    expect(validateJson({ ...list }, value)).toMatchObject({ valid: false });
    const deep = JSON.parse(`${'{"next":'.repeat(50_000)}1${"}".repeat(50_000)}`);
    expect(validateJson({ properties: { next: { $ref: "#" } } }, deep)).toMatchObject({
      valid: false,
      issues: [{ message: "is nested too deeply to be checked" }],
    });
  });
});
