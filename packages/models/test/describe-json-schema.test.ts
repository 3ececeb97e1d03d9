import { describe, expect, test } from "vitest";
import { describeJsonSchema, findUndescribed, type JsonSchema } from "../src/descriptions/describe-json-schema.js";

const document: JsonSchema = {
  properties: {
    spec: { properties: { name: {} } },
    tools: { items: { properties: { command: {} } } },
    servers: {
      additionalProperties: { anyOf: [{ properties: { url: {} } }, { properties: { program: {} } }] },
    },
    details: { $ref: "#/$defs/Details" },
  },
  $defs: { Details: { properties: { kernel: {} } } },
};

const texts = {
  "": "A document.",
  spec: "The agent.",
  "spec.name": { description: "Its name.", default: "a", examples: ["b"] },
  tools: "Commands.",
  "tools[].command": "The program.",
  servers: "Servers.",
  "servers.*.url": "The address.",
  "servers.*.program": "The program.",
  details: "Facts.",
  "Details.kernel": "The release.",
};

describe("describeJsonSchema", () => {
  test("adds description, default and examples to the key that a path names", () => {
    const described = describeJsonSchema(document, texts);
    expect(described.description).toBe("A document.");
    expect(described.properties?.spec?.properties?.name).toEqual({
      description: "Its name.",
      default: "a",
      examples: ["b"],
    });
    expect(findUndescribed(described)).toEqual([]);
  });

  test("refuses the text of a key that does not exist", () => {
    expect(() => describeJsonSchema(document, { "spec.nmae": "The name." })).toThrow("spec.nmae");
  });
});

describe("findUndescribed", () => {
  test("finds keys in objects, lists, maps, alternatives and definitions", () => {
    expect(findUndescribed(document)).toEqual([
      "spec",
      "spec.name",
      "tools",
      "tools[].command",
      "servers",
      "servers.*.url",
      "servers.*.program",
      "details",
      "Details.kernel",
    ]);
  });
});
