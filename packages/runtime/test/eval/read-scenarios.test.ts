import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ScenarioFile } from "@nanoagent/models";
import { afterAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { InvalidScenariosError } from "../../src/eval/invalid-scenarios-error.js";
import { MAX_SCENARIOS_BYTES, readScenarios } from "../../src/eval/read-scenarios.js";
import { houseFile, kitchenOn } from "./house-file.js";

const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-scenarios-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function read(text: string | Buffer, name = "house.yaml"): Promise<ScenarioFile> {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return readScenarios(file);
}

async function refusal(text: string | Buffer, name?: string): Promise<InvalidScenariosError> {
  const error = await read(text, name).then(
    () => expect.fail("It was taken"),
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(InvalidScenariosError);
  return error;
}

const full = houseFile(
  {
    id: "one",
    groups: ["call"],
    language: "de",
    part: "sealed",
    say: "Licht an.",
    expect: [{ tool: "switch_lamp", arguments: { ...kitchenOn, percent: { from: 1, to: 100 } } }],
    reply: { contains: ["an"], pattern: "an", forbids: ["aus"] },
  },
  {
    id: "two",
    before: [
      { role: "user", content: "Hello" },
      { role: "assistant", content: "", tool_calls: [{ id: "a", name: "read_thermometer", arguments: {} }] },
      { role: "tool", content: "20", tool_call_id: "a" },
      { role: "assistant", content: "Hello, it is 20 degrees." },
    ],
    turns: [
      { say: "A note?", asks: true, expect: "none" },
      { say: "Milk", expect: [{ tool: "write_note", arguments: { text: { pattern: "milk" } } }] },
    ],
  },
);

test("reads a file from YAML and from JSON", async () => {
  expect(await read(stringify(full))).toEqual(full);
  expect(await read(JSON.stringify(full), "house.json")).toEqual(full);
});

describe("an unknown key", () => {
  /** Every map in a scenario file, by its path. */
  const places: [path: (string | number)[], key: string][] = [
    [[], "name"],
    [["tools", 0], "description"],
    [["tools", 0], "parameters"],
    [["scenarios", 0], "groups"],
    [["scenarios", 0], "language"],
    [["scenarios", 0, "expect", 0], "arguments"],
    [["scenarios", 0, "reply"], "contains"],
    [["scenarios", 1], "before"],
    [["scenarios", 1, "before", 0], "content"],
    [["scenarios", 1, "before", 1, "tool_calls", 0], "arguments"],
    [["scenarios", 1, "turns", 0], "expect"],
  ];

  test.each(places)("%j: a misspelled %s is reported with its line and the nearest key", async (place, key) => {
    const slip = `${key.slice(0, -2)}${key.slice(-1)}`;
    const changed = structuredClone(full) as unknown;
    const map = place.reduce<unknown>((value, step) => (value as never)[step], changed) as Record<string, unknown>;
    const entries = Object.entries(map).map(([name, value]) => [name === key ? slip : name, value]);
    for (const name of Object.keys(map)) delete map[name];
    Object.assign(map, Object.fromEntries(entries));
    const text = stringify(changed);
    const { issues, message } = await refusal(text);
    const issue = issues.find(({ nearest }) => nearest === key) ?? expect.fail(message);
    expect(issue.key).toBe([...place, slip].join("."));
    expect(text.split("\n")[issue.line - 1]).toContain(`${slip}:`);
    expect(message).toContain(`house.yaml:${issue.line}:${issue.column}: `);
  });
});

describe("rules beyond the schema", () => {
  const lamp = (given: unknown) => ({ id: "a", say: "x", expect: [{ tool: "switch_lamp", arguments: given }] });
  const faults: [fault: string, scenarios: unknown[], key: string, message: string][] = [
    [
      "an unknown tool",
      [{ id: "a", say: "x", expect: [{ tool: "switch_lmap" }] }],
      "scenarios.0.expect.0.tool",
      'there is no tool "switch_lmap": did you mean "switch_lamp"?',
    ],
    [
      "an unknown argument",
      [lamp({ ...kitchenOn, percnt: 5 })],
      "scenarios.0.expect.0.arguments.percnt",
      'no such argument: did you mean "percent"?',
    ],
    ["a required argument left out", [lamp({ room: "kitchen" })], "scenarios.0.expect.0", 'the tool requires "state"'],
    [
      "a value that no valid call has",
      [lamp({ ...kitchenOn, room: "attic" })],
      "scenarios.0.expect.0.arguments.room",
      "must be one of",
    ],
    [
      "one of several values that no valid call has",
      [lamp({ ...kitchenOn, percent: { one_of: [5, 500] } })],
      "scenarios.0.expect.0.arguments.percent",
      "must be at most 100",
    ],
    [
      "a misspelled matcher",
      [lamp({ ...kitchenOn, percent: { frm: 5 } })],
      "scenarios.0.expect.0.arguments.percent",
      'did you mean "from"?',
    ],
    [
      "a range without an end",
      [lamp({ ...kitchenOn, percent: { from: 5 } })],
      "scenarios.0.expect.0.arguments.percent",
      "expected {from, to}",
    ],
    [
      "a reversed range",
      [lamp({ ...kitchenOn, percent: { from: 5, to: 1 } })],
      "scenarios.0.expect.0.arguments.percent",
      "the smaller first",
    ],
    [
      "an invalid pattern",
      [lamp({ ...kitchenOn, room: { pattern: "(" } })],
      "scenarios.0.expect.0.arguments.room",
      "regular expression",
    ],
    [
      "two matchers at once",
      [lamp({ ...kitchenOn, room: { pattern: "a", any: true } })],
      "scenarios.0.expect.0.arguments.room",
      "no other key",
    ],
    [
      "an invalid pattern of a reply",
      [{ id: "a", say: "x", reply: { pattern: "[" } }],
      "scenarios.0.reply.pattern",
      "regular expression",
    ],
    [
      "a duplicate id",
      [
        { id: "a", say: "x" },
        { id: "a", say: "y" },
      ],
      "scenarios.1.id",
      '"a" occurs twice',
    ],
    ["neither a message nor a dialogue", [{ id: "a" }], "scenarios.0", "expected say, or turns"],
    [
      "a message beside a dialog",
      [{ id: "a", say: "x", turns: [{ say: "y" }] }],
      "scenarios.0.say",
      "belongs to a turn",
    ],
    [
      "a question with a call",
      [{ id: "a", turns: [{ say: "x", asks: true, expect: [{ tool: "read_thermometer" }] }] }],
      "scenarios.0.turns.0.asks",
      "cannot expect calls",
    ],
  ];

  test.each(faults)("%s is reported with its place", async (_, scenarios, key, message) => {
    const { issues } = await refusal(stringify({ ...houseFile(), scenarios }));
    expect(issues.map((issue) => issue.key)).toEqual([key]);
    expect(issues[0]?.message).toContain(message);
    expect(issues[0]?.line).toBeGreaterThan(20);
  });

  test.each<[fault: string, tool: object, key: string]>([
    ["a name that no tool can have", { name: "two words", description: "x" }, "tools.0.name"],
    [
      "an invalid schema",
      { name: "a", description: "x", parameters: { properties: { b: { type: "strin" } } } },
      "tools.0.parameters",
    ],
    [
      "arguments that are not an object",
      { name: "a", description: "x", parameters: { type: "string" } },
      "tools.0.parameters",
    ],
    ["a result and an error", { name: "a", description: "x", result: 1, error: "y" }, "tools.0.error"],
  ])("%s is reported for the tool", async (_, tool, key) => {
    const { issues } = await refusal(stringify({ ...houseFile({ id: "a", say: "x" }), tools: [tool] }));
    expect(issues.map((issue) => issue.key)).toEqual([key]);
  });
});

test.each<[what: string, text: string | Buffer, reason: string]>([
  ["an empty file", " \n", "it is empty"],
  ["an endless file", Buffer.alloc(MAX_SCENARIOS_BYTES + 1, "a"), `at most ${MAX_SCENARIOS_BYTES} are read`],
  ["a model", Buffer.from("GGUF\0\0\0\0\u0001"), "cannot be read"],
])("%s is refused", async (_, text, reason) => {
  const error = await refusal(text);
  expect(error.code).toBe("scenarios-unreadable");
  expect(error.message).toContain(reason);
});

test("errors for a folder, a missing file and invalid YAML name the file", async () => {
  await expect(readScenarios(folder)).rejects.toThrow("it is a folder");
  await expect(readScenarios(path.join(folder, "nowhere.yaml"))).rejects.toThrow("there is no such file");
  const { code, issues } = await refusal("name: [\n");
  expect([code, issues[0]?.line]).toEqual(["invalid-scenarios", 2]);
});
