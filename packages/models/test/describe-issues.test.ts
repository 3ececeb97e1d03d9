import { AgentSpec, InvalidDataError, NanoAgentConfigFile, type SchemaIssue } from "@nanoagent/models";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { issuesOf } from "./issues-of.js";
import { fullConfig } from "./samples.js";

function firstIssue(json: string): SchemaIssue | null {
  const result = NanoAgentConfigFile.safeParse(JSON.parse(json));
  return result.success ? null : (result.issues[0] ?? null);
}

describe("an issue", () => {
  test("of an unknown key names the nearest key", () => {
    expect(firstIssue('{"spec": {"name": "a", "capabilites": []}}')).toEqual({
      path: ["spec", "capabilites"],
      kind: "unknown-key",
      expected: "one of name, version, capabilities, max_memory_mb, max_model_size_mb",
      found: "",
      nearest: "capabilities",
      message: 'unknown key: did you mean "capabilities"?',
    });
  });

  test("of a missing key says what is expected", () => {
    expect(firstIssue('{"spec": {}}')).toEqual({
      path: ["spec", "name"],
      kind: "missing",
      expected: "a string that is not empty",
      found: "",
      nearest: null,
      message: "missing: expected a string that is not empty",
    });
  });

  test("of an invalid value says what was found, with advice", () => {
    expect(firstIssue('{"spec": {"name": "a", "capabilities": ["b", 7]}}')).toEqual({
      path: ["spec", "capabilities", 1],
      kind: "invalid",
      expected: "a string",
      found: "7",
      nearest: null,
      message: "expected a string, found 7: put it in quotes",
    });
  });

  test("of a misspelled value names the nearest value", () => {
    expect(firstIssue('{"spec": {"name": "a"}, "engine": {"type": "openai"}}')).toEqual({
      path: ["engine", "type"],
      kind: "invalid",
      expected: '"rules" or "llama" or "openai-compatible"',
      found: '"openai" (a string)',
      nearest: "openai-compatible",
      message:
        'expected "rules" or "llama" or "openai-compatible", found "openai" (a string): did you mean "openai-compatible"?',
    });
  });
});

describe("the length of issues is limited", () => {
  test("long values are cut", () => {
    expect(issuesOf(AgentSpec, { name: "a", max_memory_mb: "9".repeat(1e6) })).toEqual([
      `max_memory_mb (invalid): expected an integer of at least 1, found "${"9".repeat(60)}…" (a string)`,
    ]);
    expect(issuesOf(AgentSpec, { name: 10n ** 1000n })).toEqual([
      `name (invalid): expected a string that is not empty, found 1${"0".repeat(59)}…`,
    ]);
    expect(issuesOf(AgentSpec, { name: function long() {} })).toEqual([
      "name (invalid): expected a string that is not empty, found a function",
    ]);
  });

  test("at most 20 issues are reported", () => {
    const capabilities = Array.from({ length: 100_000 }, () => 7);
    const unknown = Object.fromEntries(capabilities.map((_, index) => [`key${index}`, 1]));
    expect(issuesOf(AgentSpec, { name: "a", capabilities })).toHaveLength(20);
    expect(issuesOf(AgentSpec, { name: "a", ...unknown })).toHaveLength(20);
  });
});

describe("own keys with the names of inherited properties", () => {
  const places: [string, string][] = [
    ["", '{"spec": {"name": "a"}, KEY: {"polluted": true}}'],
    ["spec", '{"spec": {"name": "a", KEY: {"polluted": true}}}'],
    ["device", '{"spec": {"name": "a"}, "device": {"auto": true, KEY: {"polluted": true}}}'],
    ["engine", '{"spec": {"name": "a"}, "engine": {KEY: {"polluted": true}}}'],
    ["session", '{"spec": {"name": "a"}, "session": {"dir": "s", KEY: {"polluted": true}}}'],
    ["window", '{"spec": {"name": "a"}, "window": {KEY: {"polluted": true}}}'],
    ["intents", '{"spec": {"name": "a"}, "intents": {"definitions": [], KEY: {"polluted": true}}}'],
    ["mcp_servers.files", '{"spec": {"name": "a"}, "mcp_servers": {"files": {"url": "a", KEY: {"polluted": true}}}}'],
    [
      "tools.0",
      '{"spec": {"name": "a"}, "tools": [{"name": "a", "description": "a", "command": ["a"], KEY: {"polluted": true}}]}',
    ],
  ];
  const tool = '"name": "a", "description": "a", "command": ["a"]';
  const intent = '"name": "a", "sentences": ["a"]';
  const openPlaces: [string, string][] = [
    ["mcp_servers", '{"spec": {"name": "a"}, "mcp_servers": {KEY: {"command": ["a"]}}}'],
    [
      "mcp_servers.files.tools",
      '{"spec": {"name": "a"}, "mcp_servers": {"files": {"command": ["a"], "tools": {KEY: {}}}}}',
    ],
    ["tools.0.arguments", `{"spec": {"name": "a"}, "tools": [{${tool}, "arguments": {KEY: {"type": "string"}}}]}`],
    ["intents.slots", '{"spec": {"name": "a"}, "intents": {"definitions": [], "slots": {KEY: "text"}}}'],
    [
      "intents.definitions.0.arguments.at",
      `{"spec": {"name": "a"}, "intents": {"definitions": [{${intent}, "arguments": {"at": {KEY: 1}}}]}}`,
    ],
  ];
  const faultsIn = (json: string, key: string) => {
    const result = NanoAgentConfigFile.safeParse(JSON.parse(json.replace("KEY", JSON.stringify(key))));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    return result.success ? [] : result.issues.map((issue) => [issue.path, issue.kind, issue.nearest]);
  };
  const pathTo = (place: string, key: string) => [
    ...place
      .split(".")
      .filter(Boolean)
      .map((part) => (part === "0" ? 0 : part)),
    key,
  ];

  test.each(places)("are unknown keys in %j, and are reported once", (place, json) => {
    for (const key of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"]) {
      expect(faultsIn(json, key)).toEqual([[pathTo(place, key), "unknown-key", null]]);
    }
  });

  test.each(openPlaces)("are ordinary names in %j, except for __proto__", (place, json) => {
    expect(faultsIn(json, "__proto__")).toEqual([[pathTo(place, "__proto__"), "unknown-key", null]]);
    for (const key of ["constructor", "prototype", "toString"]) expect(faultsIn(json, key)).toEqual([]);
  });

  test("a __proto__ in place of the required keys does not provide them", () => {
    expect(issuesOf(AgentSpec, JSON.parse('{"__proto__": {"name": "a"}}'))).toEqual([
      "name (missing): missing: expected a string that is not empty",
      "__proto__ (unknown-key): unknown key: expected one of name, version, capabilities, max_memory_mb, max_model_size_mb",
    ]);
  });

  test("in a map with free names, the message asks for another name", () => {
    expect(
      issuesOf(NanoAgentConfigFile, JSON.parse('{"spec": {"name": "a"}, "mcp_servers": {"__proto__": {}}}')),
    ).toEqual(["mcp_servers.__proto__ (unknown-key): unknown key: expected another name"]);
  });
});

test("safeParse never throws, and every refusal has a place and a reason", () => {
  const hostileKey = fc.constantFrom("__proto__", "constructor", "spec", "device", "engine", "name", "auto", "");
  const hostile = fc.anything({
    key: fc.oneof(hostileKey, fc.string()),
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSparseArray: true,
    withTypedArray: true,
  });
  const part = fc.constantFrom(...Object.keys(fullConfig));
  fc.assert(
    fc.property(hostile, part, (value, key) => {
      for (const candidate of [value, { ...fullConfig, [key]: value }]) {
        const result = NanoAgentConfigFile.safeParse(candidate);
        if (result.success) continue;
        expect(result.issues.length).toBeGreaterThan(0);
        for (const issue of result.issues) expect(issue.message).toMatch(/^(expected|missing|unknown key)/);
        expect(new InvalidDataError(result.issues).message).not.toBe("");
      }
      expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    }),
  );
});

describe("a number that is out of range", () => {
  const ranges: Record<string, [least: number, most: number | null]> = {
    temperature: [0, 100],
    top_p: [0, 1],
    min_p: [0, 1],
    repeat_penalty: [0, 100],
    seed: [0, 2 ** 32 - 1],
    top_k: [0, null],
    max_tokens: [1, null],
  };
  test.each(Object.entries(ranges))("%s: the issue names the range", (key, [least, most]) => {
    const wrong = fc.oneof(
      fc.integer({ max: least - 1, min: -(2 ** 40) }),
      ...(most === null ? [] : [fc.integer({ min: most + 1, max: 2 ** 50 })]),
    );
    fc.assert(
      fc.property(wrong, (value) => {
        const issue = firstIssue(JSON.stringify({ spec: { name: "a" }, sampling: { [key]: value } }));
        const range = most === null ? `of at least ${least}` : `from ${least} to ${most}`;
        expect(issue?.message).toMatch(new RegExp(`^expected an? (number|integer) ${range}, found ${value}`));
      }),
    );
  });

  test("the issue of a list names its limit, or says that the list is empty", () => {
    const stop = Array.from({ length: 17 }, String);
    expect(firstIssue(JSON.stringify({ spec: { name: "a" }, sampling: { stop } }))?.message).toBe(
      "expected a list of at most 16, found a list of 17",
    );
    const tools = [{ name: "t", description: "d", command: [] }];
    expect(firstIssue(JSON.stringify({ spec: { name: "a" }, tools }))?.message).toBe(
      "expected a list, found a list without entries: add at least one",
    );
  });
});
