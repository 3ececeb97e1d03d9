import { AgentSpec } from "@nanoagent/models";
import { describe, expect, test } from "vitest";
import { issuesOf } from "./issues-of.js";

test("only the name is required; all other keys have defaults", () => {
  expect(AgentSpec.parse({ name: "field-assistant" })).toEqual({
    name: "field-assistant",
    version: "0.1.0",
    capabilities: [],
    max_memory_mb: 256,
    max_model_size_mb: 100,
  });
});

test("given values are kept", () => {
  const spec = { name: "a", version: "2", capabilities: ["echo"], max_memory_mb: 1, max_model_size_mb: 2 ** 53 - 1 };
  expect(AgentSpec.parse(spec)).toEqual(spec);
});

test("agents do not share the default list of capabilities", () => {
  AgentSpec.parse({ name: "a" }).capabilities.push("echo");
  expect(AgentSpec.parse({ name: "b" }).capabilities).toEqual([]);
});

test("undefined counts as absent, except for the name", () => {
  expect(AgentSpec.parse({ name: "a", version: undefined, capabilities: undefined }).version).toBe("0.1.0");
  expect(issuesOf(AgentSpec, { name: undefined })).toEqual([
    "name (missing): missing: expected a string that is not empty",
  ]);
});

describe.each(["max_memory_mb", "max_model_size_mb"])("%s is an integer of at least 1", (key) => {
  const found = (text: string) => [`${key} (invalid): expected an integer of at least 1, found ${text}`];

  test.each([
    ['"256"', '"256" (a string): remove the quotes'],
    ['"1e2"', '"1e2" (a string): remove the quotes'],
    ['"lots"', '"lots" (a string)'],
    ["-1", "-1"],
    ["0", "0"],
    ["1.5", "1.5"],
    ["9007199254740992", "9007199254740992: too large"],
    ["1e309", "Infinity: too large"],
    ["-1e309", "-Infinity"],
    ["null", "null"],
    ["true", "true"],
    ["[256]", "a list"],
    ["{}", "a map"],
  ])("%s is refused", (json, text) => {
    expect(issuesOf(AgentSpec, JSON.parse(`{"name": "a", "${key}": ${json}}`))).toEqual(found(text));
  });

  test("NaN, a bigint and a symbol are refused", () => {
    expect(issuesOf(AgentSpec, { name: "a", [key]: Number.NaN })).toEqual(found("NaN"));
    expect(issuesOf(AgentSpec, { name: "a", [key]: 256n })).toEqual(found("256"));
    expect(issuesOf(AgentSpec, { name: "a", [key]: Symbol("many") })).toEqual(found("Symbol(many)"));
  });
});

test.each([
  ['{"name": ""}', 'name (invalid): expected a string that is not empty, found "" (a string)'],
  ['{"name": 7}', "name (invalid): expected a string that is not empty, found 7: put it in quotes"],
  ['{"name": []}', "name (invalid): expected a string that is not empty, found a list"],
  ['{"name": null}', "name (invalid): expected a string that is not empty, found null"],
  ['{"name": "a", "version": 0.1}', "version (invalid): expected a string, found 0.1: put it in quotes"],
  [
    '{"name": "a", "version": ["0.1.0"]}',
    'version (invalid): expected a string, found a list: write "0.1.0", without brackets',
  ],
  [
    '{"name": "a", "capabilities": "echo"}',
    'capabilities (invalid): expected a list, found "echo" (a string): write ["echo"]',
  ],
  ['{"name": "a", "capabilities": {"echo": true}}', "capabilities (invalid): expected a list, found a map"],
  [
    '{"name": "a", "capabilities": ["echo", 2]}',
    "capabilities.1 (invalid): expected a string, found 2: put it in quotes",
  ],
  ['{"name": "a", "capabilites": []}', 'capabilites (unknown-key): unknown key: did you mean "capabilities"?'],
  ["[]", " (invalid): expected a map of keys and values, found a list"],
  ["null", " (invalid): expected a map of keys and values, found null"],
  ['"field-assistant"', ' (invalid): expected a map of keys and values, found "field-assistant" (a string)'],
])("%s is refused", (json, issue) => {
  expect(issuesOf(AgentSpec, JSON.parse(json))).toEqual([issue]);
});
