import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { defineTool, NanoRuntime, type Tool } from "@nanoagent/runtime";
import { HostedEngine, type LlamaEngineOptions } from "@nanoagent/runtime/engines/llama";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EngineEvent, EngineRequest, EngineTool, ToolCall } from "../../src/engines/engine.js";
import { validateJson } from "../../src/json-schema/validate-json.js";
import { ToolShortlist } from "../../src/tools/tool-shortlist.js";
import { schemaCase } from "../engines/llama/grammar/schema-case.js";
import { hasAddon, loadOptions, tinyModel } from "../engines/llama/tiny-model.js";
import { sampleConfig } from "../sample-config.js";
import { askedTools, chatter, toolPrompts } from "./tool-prompts.js";

const modelPath = process.env.NANOAGENT_TEST_MODEL ?? "";
const isSoak = Boolean(process.env.NANOAGENT_SOAK);

const open = (options: LlamaEngineOptions): Promise<HostedEngine> =>
  HostedEngine.open({ start: { source: { kind: "llama", options } } });
const user = (content: string) => ({ role: "user" as const, content });

async function ask(engine: HostedEngine, request: Omit<EngineRequest, "instructions">): Promise<EngineEvent[]> {
  const events: EngineEvent[] = [];
  for await (const event of engine.generate({ instructions: null, ...request })) events.push(event);
  return events;
}

const callsOf = (events: readonly EngineEvent[]): ToolCall[] =>
  events.flatMap((event) => (event.type === "tool-call" ? [event.call] : []));

function expectValid(call: ToolCall, tools: readonly EngineTool[]): void {
  const tool = tools.find(({ name }) => name === call.name);
  expect(tool, `${call.name} is not an offered tool`).toBeDefined();
  const validity = validateJson(tool?.inputSchema ?? {}, call.arguments);
  // The engine passes numbers such as 1.10 on as written, as text of the arguments.
  if (!validity.valid && typeof call.arguments === "string")
    expect(validateJson(tool?.inputSchema ?? {}, JSON.parse(call.arguments))).toEqual({ valid: true });
  else expect(validity).toEqual({ valid: true });
}

describe.skipIf(!hasAddon)("a model of random weights (needs llama.cpp's package)", () => {
  let folder: string;
  let options: LlamaEngineOptions;
  let engine: HostedEngine;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
    options = await tinyModel({}, {}, folder);
    engine = await open(options);
  });
  afterAll(async () => {
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });
  const valve: EngineTool = {
    name: "valve",
    description: "Opens a valve.",
    inputSchema: {
      type: "object",
      properties: { zone: { enum: ["north", "south"] } },
      required: ["zone"],
      additionalProperties: false,
    },
  };

  /** The names vary, because the model always chooses the same for the same names. */
  const firstLetters = "abcdefghijklmopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

  test("calls only tools that were offered, with valid arguments", async () => {
    let calls = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(schemaCase, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 0, max: 2 ** 31 }),
        async (cases, seed) => {
          const tools = cases.map(({ schema }, index) => ({
            name: `${firstLetters[(seed + 7 * index) % firstLetters.length]}${index}`,
            description: "Does something.",
            inputSchema: schema as object,
          }));
          const sampling = { seed, temperature: 1.5, maxTokens: 120 };
          const events = await ask(engine, { messages: [user("Go.")], sampling, tools });
          const end = events.at(-1);
          for (const call of callsOf(events)) {
            calls += 1;
            expectValid(call, tools);
            expect(end).toEqual({ type: "end", reason: "tool-calls" });
          }
          if (end?.type === "error")
            expect(end.error.code).toMatch(/^(call-not-valid|engine-failed|context-exceeded)$/);
        },
      ),
      {
        numRuns: isSoak ? 500 : 25,
        // Invalid UTF-8 counted as more characters than the schema allows.
        examples: [[[{ schema: { type: "string", minLength: 1, maxLength: 4 }, make: () => "text" }], 1868050086]],
      },
    );
    expect(calls).toBeGreaterThan(isSoak ? 50 : 2);
  }, 600_000);

  test("keeps to the rest of a schema of which a grammar cannot express a part", async () => {
    const inputSchema = { type: "object", properties: { code: { type: "string", pattern: "^a" } }, required: ["code"] };
    const tools = [{ ...valve, inputSchema }];
    for (const seed of [1, 2, 3]) {
      const events = await ask(engine, { messages: [user("Go.")], sampling: { seed, maxTokens: 200 }, tools });
      for (const call of callsOf(events)) expect(call.arguments).toMatchObject({ code: expect.any(String) });
    }
  });

  test("gets no tools and calls none where no memory was reserved", async () => {
    const bare = await open({ ...options, constrainsOutput: false });
    expect(bare.callsTools).toBe(false);
    expect(engine.callsTools).toBe(true);
    const sampling = { temperature: 0, maxTokens: 4 };
    const usage = (events: EngineEvent[]) => events.find(({ type }) => type === "usage");
    const request = { messages: [user("Go.")], sampling };
    const without = usage(await ask(bare, request));
    expect(usage(await ask(bare, { ...request, tools: [valve] }))).toMatchObject({
      usage: { prompt_tokens: without?.type === "usage" ? without.usage.prompt_tokens : -1 },
    });
    await bare.close();
  });

  test("can be stopped during a choice and during a call", async () => {
    const long = { type: "object", properties: { text: { type: "string", minLength: 400 } }, required: ["text"] };
    for (const inputSchema of [long, valve.inputSchema]) {
      for (const milliseconds of [0, 2, 10, 30]) {
        const abort = new AbortController();
        setTimeout(() => abort.abort(), milliseconds);
        const events: EngineEvent[] = [];
        const request = { instructions: null, messages: [user("Go.")], tools: [{ ...valve, inputSchema }] };
        for await (const event of engine.generate(request, { signal: abort.signal })) events.push(event);
        expect(events.at(-1)?.type).toMatch(/^(end|error)$/);
      }
    }
  });
});

describe.skipIf(modelPath === "")("a real model with tools (set NANOAGENT_TEST_MODEL to run it)", () => {
  let engine: HostedEngine;
  beforeAll(async () => {
    engine = await open(await loadOptions(modelPath, { contextTokens: 2048, batchTokens: 128 }));
  });
  afterAll(() => engine.close());

  const share = isSoak ? 1 : 0.1;
  const kinds = [
    { toolCount: 1, prompts: 125, shortlist: null },
    { toolCount: 5, prompts: 125, shortlist: null },
    { toolCount: 20, prompts: 125, shortlist: null },
    { toolCount: 20, prompts: 75, shortlist: 8 },
    { toolCount: 20, prompts: 50, shortlist: 3 },
  ];

  test.each(kinds)(
    "$toolCount tools, shortlist $shortlist: each call satisfies its schema, and is of a tool that it may call",
    async ({ toolCount, prompts, shortlist }) => {
      const tools = askedTools
        .slice(0, toolCount)
        .map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
      const began = performance.now();
      const shortlisted = new ToolShortlist();
      const told = (text: string) => {
        const some = shortlist === null ? tools : shortlisted.choose(text, tools, shortlist);
        return some.toSorted((one, other) => (one.name < other.name ? -1 : 1));
      };
      const counts = { asked: 0, called: 0, right: 0 };
      for (const { text, tool } of toolPrompts(toolCount, Math.ceil(prompts * share))) {
        const offered = told(text);
        const sampling = { temperature: 0, maxTokens: 96 };
        const events = await ask(engine, { messages: [user(text)], sampling, tools: offered });
        expect(events.at(-1), text).toMatchObject({ type: "end" });
        counts.asked += 1;
        for (const call of callsOf(events)) {
          expectValid(call, offered);
          counts.called += 1;
          if (call.name === tool) counts.right += 1;
        }
      }
      let calm = 0;
      const small = chatter.slice(0, isSoak ? chatter.length : 2);
      for (const text of small) {
        const sampling = { temperature: 0, maxTokens: 40 };
        const events = await ask(engine, { messages: [user(text)], sampling, tools: told(text) });
        if (callsOf(events).length === 0 && events.at(-1)?.type === "end") calm += 1;
      }
      const milliseconds = Math.round((performance.now() - began) / (counts.asked + small.length));
      process.stdout.write(
        `${toolCount} tools, shortlist ${shortlist ?? "none"}: ${counts.right} of ${counts.asked} right, ${counts.called} called, ${calm} of ${small.length} of small talk without a call, ${milliseconds} ms each\n`,
      );
      // At least 0.7 was measured. By chance it would be 1 divided by the number of tools.
      expect(counts.right / counts.asked).toBeGreaterThan(0.4);
    },
    900_000,
  );

  test("lets an agent call a tool and answer with its result", async () => {
    const calls: unknown[] = [];
    const tool: Tool = defineTool({
      name: "read_moisture",
      description: "Reads how moist the soil of a zone is.",
      input: askedTools[0]?.inputSchema,
      changesWorld: false,
      run: (input) => {
        calls.push(input);
        return "The soil is moist: 41 percent.";
      },
    });
    await using runtime = new NanoRuntime({ engine, tools: [tool] });
    await runtime.load(sampleConfig());
    const sampling = { temperature: 0, maxTokens: 48 };
    const { content } = await runtime.process("how moist is the north zone?", { sampling });
    expect(calls).toEqual([{ zone: "north" }]);
    expect(content).not.toBe("");
    expect(runtime.history.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
  });
});
