import type { EngineTool } from "@nanoagent/runtime";
import { describe, expect, test } from "vitest";
import { sendJson } from "./fake-server.js";
import {
  fakeLlamaServer,
  fakeLmStudio,
  fakeOllama,
  fakeVllm,
  openaiChunk,
  openaiUsage,
  type Reply,
} from "./fake-servers.js";
import { ask, collect, openOn, replying, textOf } from "./open-engine.js";

const tools: EngineTool[] = [
  { name: "moisture", description: "Reads.", inputSchema: { type: "object", properties: {} }, changesWorld: false },
];
const responseSchema = { type: "object", properties: { bed: { type: "integer" } }, required: ["bed"] };

/** Chunks of a reply that calls a tool, in OpenAI's format. */
const calling =
  (name: string): Reply =>
  () => ({
    chunks: [
      openaiChunk({ role: "assistant", content: "Let me look." }),
      openaiChunk({ tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name, arguments: "{}" } }] }),
      openaiChunk({}, "tool_calls"),
      openaiUsage,
    ],
  });

const chats = (requests: readonly { url: string; body: Record<string, unknown> }[]) =>
  requests.filter(({ url }) => /chat/.test(url)).map(({ body }) => body);
const hasSchema = (body: Record<string, unknown>) => body.response_format !== undefined || body.format !== undefined;

describe("a schema and tools in one request", () => {
  test("are one request to llama-server", async () => {
    const { engine, server } = await openOn(fakeLlamaServer());
    const events = await collect(engine.generate(ask("bed?", { tools, responseSchema })));
    expect(textOf(events)).toBe('{"bed": 3}');
    expect(chats(server.requests).map((body) => [hasSchema(body), body.tools !== undefined])).toEqual([[true, true]]);
  });

  test.each([
    ["vLLM", fakeVllm],
    ["Ollama", fakeOllama],
    ["LM Studio", fakeLmStudio],
  ] as const)("are two requests to %s, tools first", async (_, fake) => {
    const { engine, server } = await openOn(fake());
    const events = await collect(engine.generate(ask("bed?", { tools, responseSchema })));
    expect(textOf(events)).toBe('{"bed": 3}');
    expect(chats(server.requests).map((body) => [hasSchema(body), body.tools !== undefined])).toEqual([
      [false, true],
      [true, false],
    ]);
    expect(events.filter(({ type }) => type === "usage")).toHaveLength(1);
    expect(events.filter(({ type }) => type === "end")).toEqual([{ type: "end", reason: "stop" }]);
  });

  test("are only one request if a tool is called, and its text is dropped", async () => {
    const { engine, server } = await openOn(fakeVllm({ reply: calling("moisture") }));
    const events = await collect(engine.generate(ask("bed?", { tools, responseSchema })));
    expect(events.map(({ type }) => type)).toEqual(["tool-call", "usage", "end"]);
    expect(chats(server.requests)).toHaveLength(1);
  });
});

describe("a request with a required tool choice", () => {
  test("sends tool_choice and an extra tool that does nothing", async () => {
    for (const name of ["moisture", "none"]) {
      const { engine, server } = await openOn(fakeVllm({ reply: calling(name) }));
      const events = await collect(engine.generate(ask("bed?", { tools, toolChoice: "required" })));
      const [body] = chats(server.requests);
      expect(body?.tool_choice).toBe("required");
      const sent = (body?.tools ?? []) as { function: { name: string } }[];
      expect(sent.map((tool) => tool.function.name)).toEqual(["moisture", "none"]);
      const called = events.flatMap((event) => (event.type === "tool-call" ? [event.call.name] : []));
      expect(called).toEqual(name === "none" ? [] : [name]);
      expect(events.at(-1)).toEqual({ type: "end", reason: name === "none" ? "stop" : "tool-calls" });
    }
  });

  test("is repeated without tool_choice if a server refuses it", async () => {
    const { engine, server } = await openOn(
      replying(({ body }, response) => {
        if (body.tool_choice !== undefined) {
          return sendJson(response, { error: { message: "tool_choice is not supported" } }, 400);
        }
        return sendJson(response, {
          choices: [{ index: 0, message: { role: "assistant", content: "No." }, finish_reason: "stop" }],
        });
      }),
    );
    const events = await collect(engine.generate(ask("bed?", { tools, toolChoice: "required" })));
    expect(textOf(events)).toBe("No.");
    expect(chats(server.requests)).toHaveLength(2);
  });
});
