import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EngineEvent, EngineRequest, EngineTool, ToolCall } from "../../../src/engines/engine.js";
import { renderChat } from "../../../src/engines/llama/chat-template.js";
import { LlamaEngine } from "../../../src/engines/llama/llama-engine.js";
import { reasoningMarks } from "../../../src/engines/reasoning-marks.js";
import { validateJson } from "../../../src/json-schema/validate-json.js";
import { templates } from "../../tool-calls/family-templates.js";
import { schemaCase } from "./grammar/schema-case.js";
import { type Script, scriptedGguf } from "./scripted-gguf.js";
import { hasAddon, loadOptions } from "./tiny-model.js";

const isSoak = Boolean(process.env.NANOAGENT_SOAK);

const tools: EngineTool[] = [
  {
    name: "lamp",
    description: "Switches a lamp.",
    inputSchema: {
      type: "object",
      properties: {
        room: { type: "string", enum: ["hall", "hall upstairs", "kitchen"] },
        note: { type: "string", minLength: 2, maxLength: 20 },
        on: { type: "boolean" },
        percent: { type: "integer", minimum: 0, maximum: 100 },
        scenes: { type: "array", items: { type: "string", maxLength: 4 }, maxItems: 2 },
        inner: { type: "object", properties: { degrees: { type: "number" } }, additionalProperties: false },
      },
      required: ["room", "note", "on", "percent"],
      additionalProperties: false,
    },
  },
  {
    name: "lamp_list",
    description: "Lists lamps.",
    inputSchema: { type: "object", properties: {}, additionalProperties: false },
  },
  {
    name: "either",
    description: "Takes one of two.",
    inputSchema: {
      type: "object",
      properties: { one: { type: "integer" } },
      anyOf: [{ required: ["one"] }],
      additionalProperties: false,
    },
  },
];

async function ask(engine: LlamaEngine, request: Partial<EngineRequest> = {}): Promise<EngineEvent[]> {
  const events: EngineEvent[] = [];
  const messages = [{ role: "user" as const, content: "Go." }];
  const sampling = { temperature: 0, maxTokens: 3000 };
  for await (const event of engine.generate({ instructions: null, messages, tools, sampling, ...request }))
    events.push(event);
  return events;
}

/** A script whose reply starts with `text`, after the end of reasoning if the prompt opens it. */
function replyWith(template: string, text: string): Record<string, string> {
  const model = { chatTemplate: template, bosToken: "<s>", eosToken: "</s>", isControlToken: () => false };
  const prompt = renderChat(model, { instructions: null, messages: [{ role: "user", content: "Go." }], tools: [] });
  if (!prompt.opensThought) return { "[[Go:]]": text };
  const end = reasoningMarks.find(({ start }) => start.some((mark) => prompt.text.includes(mark)))?.end[0] ?? "";
  return { "[[Go:]]": end, [end]: text };
}

const callsOf = (events: readonly EngineEvent[]): ToolCall[] =>
  events.flatMap((event) => (event.type === "tool-call" ? [event.call] : []));
const textOf = (events: readonly EngineEvent[]) =>
  events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");

describe.skipIf(!hasAddon)("a call in the form of the model's own template (needs llama.cpp's package)", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function open(script: Script): Promise<LlamaEngine> {
    const file = path.join(folder, `${crypto.randomUUID()}.gguf`);
    await writeFile(file, scriptedGguf(script));
    return LlamaEngine.open(await loadOptions(file, { contextTokens: 4096 }));
  }

  const withForm = templates.flatMap(({ family, template, form }) =>
    form === null ? [] : [{ family, template, form }],
  );

  test.each(withForm)(
    "$family: a forced reply is a valid call without text, although the model would not call",
    async ({ template }) => {
      const engine = await open({
        template: `${template}{% if add_generation_prompt %}[[Go:]]{% endif %}`,
        control: ["</s>"],
        says: { "[[Go:]]": "I would rather talk." },
      });
      for (const given of [tools, tools.slice(1, 2)]) {
        const events = await ask(engine, { tools: given, toolChoice: "forced" });
        expect(events.at(-1)).toEqual({ type: "end", reason: "tool-calls" });
        const [call] = callsOf(events);
        const input = typeof call?.arguments === "string" ? JSON.parse(call.arguments) : call?.arguments;
        const tool = given.find(({ name }) => name === call?.name);
        expect(validateJson(tool?.inputSchema, input), JSON.stringify(input)).toEqual({ valid: true });
        const first = events.find(({ type }) => type === "text-delta" || type === "tool-call");
        expect(first?.type).toBe("tool-call");
      }
      await engine.close();
    },
    120_000,
  );

  test.each(withForm)(
    "$family: the reply becomes a valid call of an existing tool",
    async ({ template, form }) => {
      for (const tool of tools) {
        const begin = form.mark ?? `${form.before}${tool.name}"`;
        const engine = await open({
          template: `${template}{% if add_generation_prompt %}[[Go:]]{% endif %}`,
          control: ["</s>", ...(form.mark === null || tool.name === "either" ? [] : [form.mark])],
          says: { ...replyWith(template, "Well, "), "Well, ": begin },
        });
        const isFirst = form.mark === null;
        const events = await ask(engine, { tools: [tool] });
        const calls = callsOf(events);
        if (isFirst) expect(calls).toEqual([]);
        else {
          expect(events.at(-1)).toEqual({ type: "end", reason: "tool-calls" });
          expect(textOf(events).trim()).toBe("Well,");
          expect(calls.length).toBeGreaterThan(0);
        }
        for (const { name, arguments: given } of calls) {
          const input = typeof given === "string" ? JSON.parse(given) : given;
          expect(name).toBe(tool.name);
          expect(validateJson(tool.inputSchema, input), JSON.stringify(input)).toEqual({ valid: true });
        }
        await engine.close();
      }
    },
    120_000,
  );

  test("a bare object is a call only at the beginning of a reply and with a tool's name", async () => {
    const bare = templates.find(({ family }) => family.startsWith("a bare object"));
    const replies: [says: Record<string, string>, called: string[], text: string][] = [
      [{ "[[Go:]]": '{"name": "', '{"name": "': "lamp_list", lamp_list: '", "parameters": ' }, ["lamp_list"], ""],
      [{ "[[Go:]]": '\n{"name": "lamp_list"', '\n{"name": "lamp_list"': "!" }, ["lamp_list"], ""],
      [{ "[[Go:]]": '{"name": "', '{"name": "': "Ada", Ada: '", "age": 36}' }, [], '{"name": "Ada", "age": 36}'],
      [{ "[[Go:]]": 'See {"name": "', 'See {"name": "': 'lamp_list"' }, [], 'See {"name": "lamp_list"'],
      [{ "[[Go:]]": '{"name": "lamp_lister"}' }, [], '{"name": "lamp_lister"}'],
    ];
    for (const [says, called, text] of replies) {
      const engine = await open({
        template: `${bare?.template}{% if add_generation_prompt %}[[Go:]]{% endif %}`,
        control: ["</s>"],
        says,
      });
      const events = await ask(engine);
      expect(callsOf(events).map(({ name }) => name)).toEqual(called);
      expect(textOf(events).trim()).toBe(text);
      await engine.close();
    }
  });

  test("reasoning before a call is neither a call nor text", async () => {
    const { template = "" } = templates.find(({ family }) => family.startsWith("every reply begins with empty")) ?? {};
    const engine = await open({
      template: `${template}{% if add_generation_prompt %}[[Go:]]{% endif %}`,
      control: ["</s>", "<tool_call>"],
      says: { "[[Go:]]": "<think>", "<think>": "A lamp.", "A lamp.": "</think>", "</think>": "<tool_call>" },
    });
    const events = await ask(engine, { tools: tools.slice(1, 2) });
    expect(events.map((event) => (event.type === "reasoning-delta" ? event.text : "")).join("")).toBe("A lamp.");
    expect(callsOf(events)).toMatchObject([{ name: "lamp_list", arguments: {} }]);
    const answering = await open({
      template: `${template}{% if add_generation_prompt %}[[Go:]]{% endif %}`,
      control: ["</s>", "<tool_call>"],
      says: { "[[Go:]]": "<think>", "<think>": "A lamp.", "A lamp.": "</think>", "</think>": "Hello." },
    });
    const answer = await ask(answering);
    expect(callsOf(answer)).toEqual([]);
    expect(textOf(answer)).toBe("Hello.");
    await engine.close();
    await answering.close();
  });

  test("arguments follow any schema in every notation", async () => {
    const keyed = withForm.filter(({ form }) => /XML|keys|Python|call:name/.test(form.name));
    expect(keyed.length).toBeGreaterThan(4);
    for (const { template, form } of keyed) {
      const engine = await open({
        template: `${template}{% if add_generation_prompt %}[[Go:]]{% endif %}`,
        control: ["</s>"],
        says: replyWith(template, form.mark ?? ""),
      });
      let calls = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,6}$/), schemaCase), {
            maxLength: 3,
            selector: ([key]) => key,
          }),
          async (cases) => {
            const properties = Object.fromEntries(cases.map(([key, { schema }]) => [key, schema]));
            const inputSchema = {
              type: "object",
              properties,
              required: Object.keys(properties),
              additionalProperties: false,
            };
            const events = await ask(engine, { tools: [{ name: "any", description: "Any.", inputSchema }] });
            const end = events.at(-1);
            for (const call of callsOf(events)) {
              calls += 1;
              const input = typeof call.arguments === "string" ? JSON.parse(call.arguments) : call.arguments;
              expect(validateJson(inputSchema, input), JSON.stringify([inputSchema, input])).toEqual({ valid: true });
            }
            if (end?.type === "error") expect(end.error.code).toMatch(/^(call-not-valid|context-exceeded)$/);
          },
        ),
        // Random weights rarely finish a long value, so the example is one that always ends.
        { numRuns: isSoak ? 200 : 4, examples: [[[["go", { schema: { type: "boolean" }, make: () => true }]]]] },
      );
      expect(calls).toBeGreaterThan(0);
      await engine.close();
    }
  }, 300_000);
});
