import type { EngineRequest } from "@nanoagent/runtime";
import { describe, expect, test } from "vitest";
import type { Answer } from "./fake-server.js";
import { fakeLlamaServer, fakeLmStudio, fakeNanoagent, fakeOllama, fakeVllm } from "./fake-servers.js";
import { ask, collect, openOn, replying } from "./open-engine.js";

/** Returns the body that a server receives for a request. */
async function bodyOf(answer: Answer, request: EngineRequest, options: { contextTokens?: number } = {}) {
  const { engine, server } = await openOn(answer, options);
  await collect(engine.generate(request));
  const sent = server.requests.at(-1);
  expect(sent?.method).toBe("POST");
  expect(sent?.headers["content-type"]).toBe("application/json");
  expect(sent?.headers["accept-encoding"]).toBe("identity");
  expect(sent?.headers).not.toHaveProperty("user-agent");
  return { url: sent?.url, body: sent?.body };
}

const conversation: EngineRequest = {
  instructions: "You water the plants.",
  messages: [
    { role: "system", content: "It is May." },
    { role: "user", content: "how dry is bed 3" },
    { role: "assistant", content: "", tool_calls: [{ id: "7", name: "moisture", arguments: { bed: 3 } }] },
    { role: "tool", content: "12 %", tool_call_id: "7" },
    { role: "assistant", content: "", tool_calls: [{ id: "8", name: "alarm", arguments: "not json" }] },
    { role: "tool", content: "no", tool_call_id: "8" },
    { role: "assistant", content: "It is dry." },
    { role: "user", content: "half \uD800 a character" },
  ],
  tools: ["moisture", "alarm"].map((name) => ({ name, description: name, inputSchema: { type: "object" } })),
};
const tools = conversation.tools?.map(({ name, inputSchema }) => ({
  type: "function",
  function: { name, description: name, parameters: inputSchema },
}));

const sampling = {
  maxTokens: 64,
  temperature: 0,
  topK: 20,
  topP: 0.9,
  minP: 0.1,
  repeatPenalty: 1.1,
  seed: 7,
  stop: ["END"],
};
const schema = { type: "object", properties: { bed: { type: "integer" } }, required: ["bed"] };

describe("a request to /v1/chat/completions", () => {
  test("contains a conversation with tool calls", async () => {
    expect(await bodyOf(fakeVllm(), conversation)).toEqual({
      url: "/v1/chat/completions",
      body: {
        model: "Qwen/Qwen2.5-1.5B-Instruct",
        stream: true,
        stream_options: { include_usage: true },
        tools,
        messages: [
          { role: "system", content: "You water the plants.\n\nIt is May." },
          { role: "user", content: "how dry is bed 3" },
          {
            role: "assistant",
            content: "",
            tool_calls: [{ id: "call00001", type: "function", function: { name: "moisture", arguments: '{"bed":3}' } }],
          },
          { role: "tool", content: "12 %", tool_call_id: "call00001" },
          {
            role: "assistant",
            content: "",
            tool_calls: [
              { id: "call00002", type: "function", function: { name: "alarm", arguments: '{"arguments":"not json"}' } },
            ],
          },
          { role: "tool", content: "no", tool_call_id: "call00002" },
          { role: "assistant", content: "It is dry." },
          { role: "user", content: "half \uFFFD a character" },
        ],
      },
    });
  });

  test("joins instructions with the user's message if there is no system role", async () => {
    const answer = fakeLlamaServer({ caps: { supports_system_role: false } });
    const { body } = await bodyOf(answer, ask("hello", { instructions: "Be kind." }));
    expect(body?.messages).toEqual([{ role: "user", content: "Be kind.\n\nhello" }]);
  });

  test("keeps the prefix of the same conversation byte for byte", async () => {
    const { engine, server } = await openOn(fakeLlamaServer());
    const first = ask("one", { instructions: "Be kind." });
    await collect(engine.generate(first));
    const messages: EngineRequest["messages"] = [
      ...first.messages,
      { role: "assistant", content: "Yes?" },
      { role: "user", content: "two" },
    ];
    await collect(engine.generate({ ...first, messages }));
    const [before, after] = server.requests
      .filter(({ url }) => url === "/v1/chat/completions")
      .map(({ body }) => JSON.stringify(body.messages));
    expect(after?.startsWith(before?.slice(0, -1) ?? "-")).toBe(true);
  });

  const common = { max_tokens: 64, temperature: 0, top_p: 0.9, seed: 7, stop: ["END"] };
  test.each<[string, Answer, object]>([
    ["llama-server", fakeLlamaServer(), { ...common, top_k: 20, min_p: 0.1, repeat_penalty: 1.1 }],
    ["nanoagent", fakeNanoagent(), { ...common, top_k: 20, min_p: 0.1, repeat_penalty: 1.1 }],
    ["LM Studio", fakeLmStudio(), { ...common, top_k: 20, min_p: 0.1, repeat_penalty: 1.1 }],
    ["vLLM", fakeVllm(), { ...common, top_k: 20, min_p: 0.1, repetition_penalty: 1.1 }],
    ["an unknown server", replying((_, response) => response.end()), common],
  ])("contains sampling with the names of %s", async (_, answer, expected) => {
    const { model, stream, stream_options, messages, ...rest } =
      (await bodyOf(answer, ask("hi", { sampling }))).body ?? {};
    expect(rest).toEqual(expected);
  });

  test("requires a call of the given tools if it is forced", async () => {
    const { body } = await bodyOf(fakeLlamaServer(), { ...conversation, toolChoice: "forced" });
    expect(body).toMatchObject({ tool_choice: "required", tools });
  });

  test("contains the reply's schema", async () => {
    const { body } = await bodyOf(fakeLlamaServer(), ask("hi", { responseSchema: schema }));
    expect(body?.response_format).toEqual({
      type: "json_schema",
      json_schema: { name: "reply", strict: true, schema },
    });
  });
});

test("a request to Ollama's /api/chat sets context, options and tool calls, and forbids truncation", async () => {
  const { body } = await bodyOf(fakeOllama(), ask("bed?", { responseSchema: schema }));
  expect(body?.format).toEqual(schema);
  expect(await bodyOf(fakeOllama(), { ...conversation, sampling }, { contextTokens: 3000 })).toEqual({
    url: "/api/chat",
    body: {
      model: "qwen3:0.6b",
      stream: true,
      truncate: false,
      shift: false,
      options: {
        num_ctx: 3000,
        num_predict: 64,
        temperature: 0,
        top_k: 20,
        top_p: 0.9,
        min_p: 0.1,
        repeat_penalty: 1.1,
        seed: 7,
        stop: ["END"],
      },
      tools,
      messages: [
        { role: "system", content: "You water the plants.\n\nIt is May." },
        { role: "user", content: "how dry is bed 3" },
        {
          role: "assistant",
          content: "",
          tool_calls: [{ id: "call00001", function: { name: "moisture", arguments: { bed: 3 } } }],
        },
        { role: "tool", content: "12 %", tool_call_id: "call00001", tool_name: "moisture" },
        {
          role: "assistant",
          content: "",
          tool_calls: [{ id: "call00002", function: { name: "alarm", arguments: { arguments: "not json" } } }],
        },
        { role: "tool", content: "no", tool_call_id: "call00002", tool_name: "alarm" },
        { role: "assistant", content: "It is dry." },
        { role: "user", content: "half \uFFFD a character" },
      ],
    },
  });
});

test("a request that cannot be serialized is an error event", async () => {
  const { engine } = await openOn(fakeVllm());
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const messages = [
    { role: "assistant" as const, content: "", tool_calls: [{ id: "1", name: "t", arguments: circular }] },
  ];
  const events = await collect(engine.generate({ instructions: null, messages }));
  expect(events).toMatchObject([{ type: "error", error: { code: "engine-failed" } }]);
});

describe("countTokens", () => {
  test("asks llama-server once for each text", async () => {
    const { engine, server } = await openOn(fakeLlamaServer());
    const counted = () => server.requests.filter(({ url }) => url === "/tokenize");
    expect(await engine.countTokens("")).toBe(0);
    expect(await engine.countTokens("three words here")).toBe(5);
    expect(await engine.countTokens("three words here")).toBe(5);
    expect(counted()).toHaveLength(1);
    expect(counted()[0]?.body).toMatchObject({ content: "three words here", add_special: false });
    for (let index = 0; index < 5; index++) await engine.countTokens(String(index).repeat(300_000));
    await engine.countTokens("three words here");
    expect(counted()).toHaveLength(7);
    await engine.close();
    expect(await engine.countTokens("three other words")).toBe(6);
  });

  test("estimates a third of the bytes for other servers, and if llama-server does not respond", async () => {
    const { engine, server } = await openOn(fakeVllm());
    expect(await engine.countTokens("")).toBe(0);
    expect(await engine.countTokens("a")).toBe(1);
    expect(await engine.countTokens("hello world")).toBe(4);
    expect(await engine.countTokens("世界")).toBe(2);
    expect(server.requests.map(({ url }) => url)).toEqual(["/v1/models"]);
    const llama = await openOn(fakeLlamaServer());
    await llama.server.close();
    expect(await llama.engine.countTokens("hello world")).toBe(4);
  });
});

test.each<[string, Answer]>([
  ["a server with the OpenAI API", fakeVllm()],
  ["Ollama", fakeOllama()],
])("%s receives the tools", async (_, server) => {
  const inputSchema = { type: "object", properties: { bed: { type: "integer" } } };
  const messages: EngineRequest["messages"] = [{ role: "user", content: "how dry is bed 3" }];
  const tools = [{ name: "moisture", description: "Measures.", inputSchema }];
  const { body } = await bodyOf(server, { instructions: null, messages, tools });
  expect(JSON.parse(JSON.stringify(body)).tools).toEqual([
    { type: "function", function: { name: "moisture", description: "Measures.", parameters: inputSchema } },
  ]);
  expect((await bodyOf(server, { instructions: null, messages })).body).not.toHaveProperty("tools");
});

test("a model that cannot call tools receives none", async () => {
  const tools = [{ name: "moisture", description: "Measures.", inputSchema: { type: "object" } }];
  const request: EngineRequest = { instructions: null, messages: [{ role: "user", content: "a" }], tools };
  expect((await bodyOf(fakeOllama({ capabilities: ["completion"] }), request)).body).not.toHaveProperty("tools");
});
