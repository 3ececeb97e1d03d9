import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { EngineEvent, EngineRequest, EngineTool } from "@nanoagent/runtime";
import { LlamaEngine } from "@nanoagent/runtime/engines/llama";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { validateJson } from "../../../src/json-schema/validate-json.js";
import { hasAddon, tinyModel } from "./tiny-model.js";

/** Template of a model family that was trained to call tools. */
const trained =
  "{% if tools %}<|im_start|>system\n{{ tools | tojson }}<|im_end|>\n{% endif %}{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}{% for call in message.tool_calls or [] %}<call>{{ call.function.name }} {{ call.function.arguments | tojson }}{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

describe.skipIf(!hasAddon)("a random-weight model (needs llama.cpp's package)", () => {
  let folder: string;
  const engines: LlamaEngine[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
    const options = await tinyModel({}, {}, folder);
    for (const chatTemplate of [options.chatTemplate, trained]) {
      engines.push(await LlamaEngine.open({ ...options, chatTemplate }));
    }
  });
  afterAll(async () => {
    await Promise.all(engines.map((engine) => engine.close()));
    await rm(folder, { recursive: true, force: true });
  });

  const zone = { type: "object", properties: { zone: { enum: ["a", "b"] } }, required: ["zone"] };
  const inputSchema = { ...zone, additionalProperties: false };
  /** Each set of names leads to a different random choice. */
  const sets: EngineTool[][] = Array.from({ length: 12 }, (_, index) => [
    { name: `${"acegikmoqsuwy"[index]}0`, description: "Does something.", inputSchema },
    { name: `${"bdfhjlnprtvxz"[index]}1`, description: "Does more.", inputSchema },
  ]);
  const asked = { role: "user", content: "Go." } as const;
  const looked: EngineRequest["messages"] = [
    asked,
    { role: "assistant", content: "", tool_calls: [{ id: "abc123def", name: "a0", arguments: { zone: "a" } }] },
    { role: "tool", content: "21", tool_call_id: "abc123def" },
  ];

  async function reply(engine: LlamaEngine, request: Partial<EngineRequest>): Promise<EngineEvent[]> {
    const events: EngineEvent[] = [];
    const whole = { instructions: null, messages: [asked], sampling: { temperature: 0, maxTokens: 60 }, ...request };
    for await (const event of engine.generate(whole)) events.push(event);
    return events;
  }

  const kinds = (all: readonly EngineEvent[][]) =>
    new Set(all.map((events) => (events.some(({ type }) => type === "tool-call") ? "call" : "none")));

  test("with a required tool choice calls one tool or stays silent", async () => {
    const all: EngineEvent[][] = [];
    for (const engine of engines) {
      for (const tools of sets) {
        for (const messages of [[asked], looked]) {
          const events = await reply(engine, { tools, messages, toolChoice: "required" });
          all.push(events);
          const calls = events.flatMap((event) => (event.type === "tool-call" ? [event.call] : []));
          expect(events.some(({ type }) => type === "text-delta")).toBe(false);
          expect(calls.length).toBeLessThanOrEqual(1);
          for (const { name, arguments: input } of calls) {
            expect(tools.map(({ name }) => name)).toContain(name);
            expect(validateJson(inputSchema, input)).toEqual({ valid: true });
          }
          expect(events.at(-1)).toEqual({ type: "end", reason: calls.length > 0 ? "tool-calls" : "stop" });
        }
      }
    }
    expect(kinds(all)).toContain("call");
  });

  test("with a forced tool choice always calls one of the tools, with valid arguments", async () => {
    for (const engine of engines) {
      for (const tools of sets) {
        for (const messages of [[asked], looked]) {
          const responseSchema = { type: "object" };
          for (const more of [{}, { responseSchema }, { sampling: { temperature: 1, seed: 3, maxTokens: 60 } }]) {
            const events = await reply(engine, { tools, messages, toolChoice: "forced", ...more });
            const [call] = events.flatMap((event) => (event.type === "tool-call" ? [event.call] : []));
            expect(tools.map(({ name }) => name)).toContain(call?.name);
            expect(validateJson(inputSchema, call?.arguments)).toEqual({ valid: true });
            expect(events.at(-1)).toEqual({ type: "end", reason: "tool-calls" });
          }
        }
      }
    }
  });

  test("with a schema and tools calls a tool or writes a value that satisfies the schema", async () => {
    const responseSchema = { type: "object", properties: { dry: { type: "boolean" } }, required: ["dry"] };
    const all: EngineEvent[][] = [];
    for (const engine of engines) {
      for (const tools of sets) {
        for (const messages of [[asked], looked]) {
          const events = await reply(engine, { tools, messages, responseSchema });
          all.push(events);
          const calls = events.filter(({ type }) => type === "tool-call");
          const text = events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
          if (calls.length > 0) {
            expect(text).toBe("");
            expect(events.at(-1)).toEqual({ type: "end", reason: "tool-calls" });
          } else if (events.at(-1)?.type === "end") {
            const end = events.at(-1);
            // A value that reached the limit is truncated.
            if (end?.type === "end" && end.reason === "stop")
              expect(validateJson(responseSchema, JSON.parse(text))).toEqual({ valid: true });
          }
        }
      }
    }
    expect(kinds(all)).toEqual(new Set(["call", "none"]));
  });
});
