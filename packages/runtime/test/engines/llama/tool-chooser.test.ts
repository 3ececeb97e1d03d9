import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { EngineEvent, EngineMessage, EngineRequest, EngineTool } from "@nanoagent/runtime";
import { LlamaEngine } from "@nanoagent/runtime/engines/llama";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asTextRequest, tellResults } from "../../../src/engines/llama/write-decision.js";
import { validateJson } from "../../../src/json-schema/validate-json.js";
import { hasAddon, tinyModel } from "./tiny-model.js";

const tools: EngineTool[] = [
  {
    name: "read_temperature",
    description: "Reads the temperature of a room.",
    changesWorld: false,
    inputSchema: { type: "object", properties: { room: { enum: ["kitchen", "hall"] } }, required: ["room"] },
  },
  {
    name: "set_lamp",
    description: "Switches a lamp on or off.",
    changesWorld: true,
    inputSchema: {
      type: "object",
      properties: { room: { enum: ["kitchen", "hall"] }, state: { enum: ["on", "off"] } },
      required: ["room", "state"],
    },
  },
  {
    name: "write_plan",
    description: "Writes a watering plan of several steps.",
    changesWorld: true,
    inputSchema: {
      type: "object",
      properties: {
        steps: {
          type: "array",
          maxItems: 2,
          items: {
            type: "object",
            properties: { zone: { enum: ["a", "b"] } },
            required: ["zone"],
            additionalProperties: false,
          },
        },
      },
      required: ["steps"],
      additionalProperties: false,
    },
  },
];
const asks: EngineMessage = { role: "assistant", content: "In the kitchen or in the hall?" };
const acted: EngineMessage[] = [
  { role: "user", content: "How warm is the hall?" },
  { role: "assistant", content: "", tool_calls: [{ id: "1", name: "read_temperature", arguments: { room: "hall" } }] },
  { role: "tool", content: '{"celsius":19}', tool_call_id: "1" },
];

describe.skipIf(!hasAddon)("an engine that chooses tools by evidence (needs llama.cpp's package)", () => {
  let folder: string;
  let engine: LlamaEngine;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
    engine = await LlamaEngine.open({ ...(await tinyModel({}, {}, folder)), choosingTokens: 512, tellsResults: true });
  });
  afterAll(async () => {
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function reply(messages: readonly EngineMessage[], request: Partial<EngineRequest> = {}, signal?: AbortSignal) {
    const events: EngineEvent[] = [];
    const whole = { instructions: null, messages, tools, sampling: { temperature: 0, maxTokens: 40 }, ...request };
    for await (const event of engine.generate(whole, { signal })) events.push(event);
    return events;
  }
  const callsOf = (events: readonly EngineEvent[]) =>
    events.flatMap((event) => (event.type === "tool-call" ? [[event.call.name, event.call.arguments]] : []));
  const textOf = (events: readonly EngineEvent[]) =>
    events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
  const said = (content: string): EngineMessage[] => [{ role: "user", content }];

  test("calls the matching tool with the arguments in the message", async () => {
    const events = await reply(said("Switch the lamp in the kitchen on, please."));
    expect(callsOf(events)).toEqual([["set_lamp", { room: "kitchen", state: "on" }]]);
    expect(events.at(-1)).toEqual({ type: "end", reason: "tool-calls" });
  });

  const usageOf = (events: readonly EngineEvent[]) =>
    events.flatMap((event) => (event.type === "usage" ? [event.usage] : []))[0];

  test.each([
    ["a call", said("Dim the lamp in the kitchen, or rather put it on.")],
    ["a call of sure words", said("Switch the lamp in the kitchen on, please.")],
    ["a question", said("Switch the lamp on.")],
    ["a result", acted],
  ])("counts the whole prompt of %s that is not written, and the tokens of the reply", async (_, messages) => {
    const first = usageOf(await reply(messages));
    const second = usageOf(await reply(messages));
    const words = messages.reduce((sum, { content }) => sum + engine.countTokens(content), 0);
    expect(first?.prompt_tokens).toBeGreaterThan(words);
    expect(second?.prompt_tokens).toBe(first?.prompt_tokens);
    expect(second?.completion_tokens).toBeGreaterThan(3);
    const { prompt_tokens = 0, cached_prompt_tokens, deciding_tokens = 0 } = second ?? {};
    expect(cached_prompt_tokens).toBe(Math.max(0, prompt_tokens - deciding_tokens));
    // The usage of a longer conversation grows with it.
    const longer = usageOf(await reply([...said("Hello there."), asks, ...messages]));
    expect(longer?.prompt_tokens).toBeGreaterThan(prompt_tokens);
  });

  test("calls several tools for several requests", async () => {
    const events = await reply(said("Switch the hall lamp off and the kitchen lamp on."));
    expect(callsOf(events)).toHaveLength(2);
  });

  test("asks for a missing value instead of calling", async () => {
    const events = await reply(said("Switch the lamp on."));
    expect(callsOf(events)).toEqual([]);
    expect(textOf(events)).toMatch(/kitchen.*\?$/);
  });

  test("answers a question with text if no tool is needed", async () => {
    const events = await reply(said("Why do lamps get warm?"));
    expect(callsOf(events)).toEqual([]);
    expect(events.at(-1)).not.toEqual({ type: "end", reason: "tool-calls" });
  });

  test("lets the model write other arguments, following their schema", async () => {
    const events = await reply(said("Please write a watering plan with several steps."));
    const [call] = callsOf(events);
    // A random-weight model may not finish. Then there is an error instead of a call.
    if (call === undefined) expect(events.at(-1)?.type).toBe("error");
    else expect(call).toMatchObject(["write_plan", { steps: expect.any(Array) }]);
  });

  test("repeats the result of a call, and does not call again", async () => {
    const events = await reply(acted);
    expect(callsOf(events)).toEqual([]);
    expect(textOf(events)).toBe('Reads the temperature of a room: room "hall": {"celsius":19}');
  });

  test.each([
    ["the result of a call", acted],
    ["a message that lacks a value", said("Switch the lamp on.")],
  ])("with a schema, %s gets a reply that satisfies it", async (_, messages) => {
    const events = await reply(messages, { responseSchema: { enum: ["warm", "cold"] } });
    expect(['"warm"', '"cold"']).toContain(textOf(events));
    expect(events.at(-1)).toEqual({ type: "end", reason: "stop" });
  });

  test("with a required choice, calls a tool or stays silent", async () => {
    const events = await reply(said("Why is the sky blue?"), { toolChoice: "required" });
    expect(textOf(events)).toBe("");
    expect(["stop", "tool-calls"]).toContain((events.at(-1) as { reason: string }).reason);
    expect(usageOf(events)?.prompt_tokens).toBeGreaterThan(0);
  });

  test.each(["Why is the sky blue?", "Switch the lamp on.", "No.", "", "Switch it off and on again, and again."])(
    "with a forced choice, calls a tool for %j",
    async (content) => {
      const two = tools.slice(0, 2);
      for (const messages of [said(content), [...said("Lamp?"), asks, ...said(content)], acted]) {
        const sampling = { temperature: 0, maxTokens: 100 };
        const events = await reply(messages, { toolChoice: "forced", tools: two, sampling });
        const calls = callsOf(events);
        expect(events.at(-1)).toEqual({ type: "end", reason: "tool-calls" });
        expect(calls.length).toBeGreaterThan(0);
        for (const [name, input] of calls) {
          const tool = two.find((other) => other.name === name);
          expect(validateJson(tool?.inputSchema, input)).toEqual({ valid: true });
        }
      }
    },
  );

  test("with a forced choice, the model writes arguments that the words state wrongly", async () => {
    const level = { type: "object", properties: { percent: { type: "integer", minimum: 0, maximum: 100 } } };
    const dim = { name: "dim_lamp", description: "Dims the lamp.", inputSchema: { ...level, required: ["percent"] } };
    const events = await reply(said("Dim the lamp to 300 percent"), { toolChoice: "forced", tools: [dim] });
    expect(callsOf(events)).toHaveLength(1);
    expect(validateJson(dim.inputSchema, callsOf(events)[0]?.[1])).toEqual({ valid: true });
  });

  test("an abort while it decides ends the reply", async () => {
    const controller = new AbortController();
    controller.abort();
    expect((await reply(said("Something about the dark"), {}, controller.signal)).at(-1)).toEqual({
      type: "end",
      reason: "abort",
    });
  });

  test("a list of tools that is too long for the context leaves the decision to the words", async () => {
    const many = Array.from(
      { length: 60 },
      (_, at): EngineTool => ({
        name: `do_thing_${at}`,
        description: `Does thing ${at}`,
        inputSchema: { type: "object" },
      }),
    );
    const events = await reply(said("Tell me something nice"), { tools: [...many, ...tools] });
    expect(events.at(-1)?.type).toBe("end");
  });
});

describe("a request for text", () => {
  test("lists the abilities, and contains past calls as text", () => {
    const request = asTextRequest({
      instructions: "Be brief.",
      messages: [...acted, { role: "assistant", content: "19 degrees." }, { role: "user", content: "Thanks" }],
      tools,
    });
    expect(request.tools).toEqual([]);
    expect(request.instructions).toMatch(
      /^Be brief\.\n\nYou are connected to devices.*\n- Reads the temperature of a room\n/,
    );
    expect(request.messages.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant", "user"]);
    expect(request.messages[2]?.content).toContain('room "hall": {"celsius":19}');
    expect(
      request.messages.every(({ tool_calls, tool_call_id }) => tool_calls === undefined && tool_call_id === undefined),
    ).toBe(true);
  });

  test("the results of all calls of a step are repeated", () => {
    const both: EngineMessage[] = [
      { role: "user", content: "hall and kitchen?" },
      {
        role: "assistant",
        content: "",
        tool_calls: [
          { id: "1", name: "read_temperature", arguments: { room: "hall" } },
          { id: "2", name: "gone", arguments: {} },
        ],
      },
      { role: "tool", content: "19", tool_call_id: "1" },
      { role: "tool", content: "20", tool_call_id: "2" },
    ];
    expect(tellResults({ instructions: null, messages: both, tools })).toBe(
      'Reads the temperature of a room: room "hall": 19\ngone: 20',
    );
  });
});
