import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AgentEvent, defineTool, NanoRuntime } from "../../src/index.js";
import { ScriptedEngine } from "../../src/testing/index.js";
import { commandTool } from "../../src/tools/command/command-tool.js";
import type { Tool } from "../../src/tools/tool.js";
import { ToolSet } from "../../src/tools/tool-set.js";
import { sampleConfig } from "../sample-config.js";

const runs = process.env.NANOAGENT_SOAK ? 200 : 20;
const node = process.execPath;

/** Numbers that JavaScript changes when it reads them. */
const changedNumber = fc
  .oneof(
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 90n }).map(String),
    fc.stringMatching(/^[1-9]\d{0,3}\.\d{0,3}0$/),
    fc.stringMatching(/^[1-9]e[45]\d\d$/),
    fc.stringMatching(/^-?0\.\d{18,25}$/),
    fc.constantFrom("-0", "1E5", "1.0", "1e-999"),
  )
  .filter((text) => String(Number(text)) !== text);

const echo = (text: string): Tool =>
  commandTool(
    { name: "say", description: "a", permission: "always", command: ["/bin/echo", text], changes_world: false },
    ".",
  );

async function resultOf(tool: Tool) {
  const tools = await ToolSet.open([tool]);
  return tools.call({ id: "1", name: tool.name, arguments: {} }, { idempotencyKey: "key" });
}

test.skipIf(process.platform === "win32")("shows a command's JSON as written, including its numbers", async () => {
  const property = fc.asyncProperty(changedNumber, changedNumber, async (one, other) => {
    const text = `{"10":${one},"9":{"a":[${other}]},"10":${other}}`;
    const { content, value } = await resultOf(echo(text.replaceAll(",", " ,\t")));
    expect(content).toBe(text);
    expect(String((value as Record<string, { a: unknown[] }>)["9"]?.a[0])).toBe(other);
  });
  await fc.assert(property, { numRuns: runs });
});

async function answerOf(tool: Tool, answer: string): Promise<AgentEvent[]> {
  await using runtime = new NanoRuntime({ engine: new ScriptedEngine(["Done."]), tools: [tool] });
  const definition = { name: "i", sentences: ["go"], tool: tool.name, answer };
  await runtime.load(sampleConfig({ intents: { definitions: [definition] } }));
  const events: AgentEvent[] = [];
  for await (const event of runtime.stream("go")) events.push(event);
  return events;
}

describe.skipIf(process.platform === "win32")("the answer of an intent", () => {
  test("has the tool's numbers as written", async () => {
    const property = fc.asyncProperty(changedNumber, async (number) => {
      const events = await answerOf(
        echo(`{"serial":${number},"inner":{"n":[${number}]}}`),
        "{result.serial} {result.inner} {result}",
      );
      expect(events.at(-1)).toMatchObject({
        type: "run-end",
        reply: { content: `${number} {"n":[${number}]} {"serial":${number},"inner":{"n":[${number}]}}` },
      });
    });
    await fc.assert(property, { numRuns: runs });
  });

  test.each([99, 101, 2000, 30_000])("can include a result that is nested %i levels deep", async (levels) => {
    const text = `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
    const program = `const n = ${levels}; console.log('{"a":'.repeat(n) + 1 + "}".repeat(n))`;
    const tool = commandTool(
      { name: "deep", description: "a", command: [node, "-e", program], max_output_kb: 1024, changes_world: false },
      ".",
    );
    for (const answer of ["It is {result}", "It is {result.a}", "It is {result.a.a.a}", "[{result.a}]Said."]) {
      const events = await answerOf(tool, answer);
      expect(events.map(({ type }) => type)).toContain("run-end");
      const result = events.find((event) => event.type === "tool-result");
      expect(result).toMatchObject({ is_error: false, content: expect.stringMatching(/^\{"a":\{"a":/) });
      expect(result?.content.length).toBe(Math.min(8000, text.length));
    }
  });
});

describe("numbers written by a model", () => {
  const call = async (type: string, written: string, tool?: Tool) => {
    const seen: unknown[] = [];
    const own = defineTool<{ n: unknown }>({
      name: "take",
      description: "Takes.",
      changesWorld: false,
      input: { type: "object", properties: { n: { type } }, required: ["n"] },
      run: ({ n }) => void seen.push(n),
    });
    const tools = await ToolSet.open([tool ?? own]);
    const outcome = await tools.call(
      { id: "1", name: (tool ?? own).name, arguments: `{"n": ${written}}` },
      { idempotencyKey: "key" },
    );
    return { seen, ...outcome };
  };

  test.skipIf(process.platform === "win32")("reach a command as written", async () => {
    const tool = commandTool(
      {
        name: "take",
        description: "a",
        permission: "always",
        command: ["/bin/echo", "--", "{n}"],
        arguments: { n: { type: "integer" } },
      },
      ".",
    );
    for (const written of ["9007199254740993", '"12345678901234567890"', "1000000000000000000000000"]) {
      expect((await call("integer", written, tool)).content).toContain(written.replaceAll('"', ""));
    }
  });

  test("do not reach a function changed", async () => {
    for (const written of ["9007199254740993", "12345678901234567890", "1e999", "-9007199254740993"]) {
      const { seen, outcome, content } = await call("integer", written);
      expect([outcome, seen]).toEqual(["invalid-arguments", []]);
      expect(content).toContain("/n must be a number that this tool can hold exactly");
    }
    expect((await call("string", "9007199254740993")).seen).toEqual(["9007199254740993"]);
    expect((await call("string", "1.10")).seen).toEqual(["1.10"]);
    expect((await call("number", "1.10")).seen).toEqual([1.1]);
    expect((await call("number", "0.12345678901234567890")).seen).toEqual([0.12345678901234568]);
    expect((await call("integer", '"3.0"')).seen).toEqual([3]);
  });
});

test("reports, asks about and records exactly the call that runs", async () => {
  const given = { n: "3", on: "True", tags: "north", more: null, at: '{"x": "1"}' };
  const meant = { n: 3, on: true, tags: ["north"], at: { x: 1 } };
  const seen: unknown[] = [];
  const note = (kind: string, value: unknown) => void seen.push([kind, structuredClone(value)]);
  const tool = defineTool({
    name: "act",
    description: "Acts.",
    input: {
      type: "object",
      properties: {
        n: { type: "integer" },
        on: { type: "boolean" },
        tags: { type: "array", items: { type: "string" } },
        more: { type: "integer" },
        at: { type: "object", properties: { x: { type: "integer" } } },
      },
    },
    run: (input) => note("run", input),
  });
  const engine = new ScriptedEngine([{ deltas: [], calls: [{ id: "1", name: "act", arguments: given }] }, "Done."]);
  await using runtime = new NanoRuntime({
    engine,
    tools: [tool],
    onPermission: (request) => {
      note("asked", request.arguments);
      return true;
    },
    beforeAct: async (act) => note("recorded", act.arguments),
  });
  await runtime.load(sampleConfig());
  for await (const event of runtime.stream("go")) if (event.type === "tool-call") note("told", event.arguments);
  expect(seen).toEqual(["told", "asked", "recorded", "run"].map((kind) => [kind, meant]));
});
