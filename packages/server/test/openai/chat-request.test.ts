import { NanoAgentError } from "@nanoagent/models";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { called, FakeServedAgent, kitchen, lightCall, said, weatherCall } from "./fake-served-agent.js";
import { chat, hello, respond, type SendOptions, send } from "./send.js";

const user = { role: "user", content: "Hello" };
const weather = {
  type: "function",
  function: { name: "weather", description: "Tells the weather", parameters: { type: "object", properties: {} } },
};
const light = { type: "function", function: { name: "light" } };

async function ask(body: object, options?: SendOptions) {
  const served = new FakeServedAgent();
  const sent = await chat(served, { ...hello, ...body }, options);
  expect(sent.status, sent.text).toBe(200);
  const [asked] = served.asks;
  if (asked === undefined) throw new Error("Nothing was asked");
  return asked;
}

describe("messages of a chat", () => {
  it("become instructions, history and the message to answer", async () => {
    const messages = [
      { role: "developer", content: "Be brief." },
      { role: "user", content: [{ type: "text", text: "One" }] },
      { role: "assistant", content: "Two" },
      user,
    ];
    const asked = await ask({ messages });
    expect(asked).toMatchObject({
      target: "agent",
      instructions: "Be brief.",
      before: [
        { role: "user", content: "One" },
        { role: "assistant", content: "Two" },
      ],
      message: "Hello",
      conversationIds: [],
      mayAskClient: false,
    });
  });

  it("have calls with arguments as text, and results", async () => {
    const messages = [
      user,
      {
        role: "assistant",
        content: null,
        tool_calls: [
          { id: "a", type: "function", function: { name: "weather", arguments: '{"city":"Bern"}' } },
          { id: "b", type: "function", function: { name: "light", arguments: "" } },
          { id: "c", function: { name: "light", arguments: "{not json" } },
          { id: "d", type: "function", function: { name: "light", arguments: { on: true } } },
        ],
      },
      { role: "tool", tool_call_id: "a", content: '{"data": 21}' },
      { role: "tool", tool_call_id: "b", content: [{ type: "text", text: "done" }] },
      { role: "tool", tool_call_id: "c", content: null },
    ];
    const asked = await ask({ messages });
    expect(asked.before[1]).toMatchObject({
      role: "assistant",
      content: "",
      tool_calls: [
        { id: "a", name: "weather", arguments: { city: "Bern" } },
        { id: "b", name: "light", arguments: {} },
        { id: "c", name: "light", arguments: "{not json" },
        { id: "d", name: "light", arguments: { on: true } },
      ],
    });
    expect(asked.message).toEqual({
      role: "tool",
      results: [
        { tool_call_id: "a", content: '{"data": 21}' },
        { tool_call_id: "b", content: "done" },
        { tool_call_id: "c", content: "" },
      ],
    });
  });

  it.each([
    [{ messages: undefined }, "messages"],
    [{ messages: [] }, "messages"],
    [{ messages: "Hello" }, "messages"],
    [{ messages: ["Hello"] }, "messages[0]"],
    [{ messages: [{ content: "Hello" }] }, "messages[0].role"],
    [{ messages: [{ role: "function", content: "Hello" }] }, "messages[0].role"],
    [{ messages: [user, { role: "robot", content: "Hello" }] }, "messages[1].role"],
    [{ messages: [{ role: "user" }] }, "messages[0].content"],
    [{ messages: [{ role: "user", content: 7 }] }, "messages[0].content"],
    [{ messages: [{ role: "system", content: null }, user] }, "messages[0].content"],
    [
      { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "data:," } }] }] },
      "messages[0].content[0]",
    ],
    [{ messages: [{ role: "user", content: [{ type: "input_audio" }] }] }, "messages[0].content[0]"],
    [{ messages: [{ role: "user", content: [{ type: "text" }] }] }, "messages[0].content[0].text"],
    [{ messages: [user, { role: "assistant", content: "Yes." }] }, "messages"],
    [{ messages: [user, { role: "tool", content: "21" }] }, "messages[1].tool_call_id"],
    [{ messages: [user, { role: "tool", tool_call_id: "a", content: "21" }] }, "messages"],
    [{ messages: [user, { role: "assistant", tool_calls: {} }, user] }, "messages[1].tool_calls"],
    [{ messages: [user, { role: "assistant", tool_calls: [1] }, user] }, "messages[1].tool_calls[0]"],
    [
      { messages: [user, { role: "assistant", tool_calls: [{ id: "a" }] }, user] },
      "messages[1].tool_calls[0].function",
    ],
    [
      { messages: [user, { role: "assistant", tool_calls: [{ function: { name: "x" } }] }, user] },
      "messages[1].tool_calls[0].id",
    ],
    [
      { messages: [user, { role: "assistant", tool_calls: [{ id: "a", function: {} }] }, user] },
      "messages[1].tool_calls[0].function.name",
    ],
    [
      { messages: [user, { role: "assistant", tool_calls: [{ id: "a", type: "custom", function: {} }] }, user] },
      "messages[1].tool_calls[0].type",
    ],
    [{ messages: [user, { role: "assistant", function_call: { name: "x" } }, user] }, "messages[1].function_call"],
    [{ messages: Array.from({ length: 10_001 }, () => user) }, "messages"],
  ])("are refused: %j", async (body, param) => {
    const served = new FakeServedAgent();
    const sent = await chat(served, { ...hello, ...body });
    expect(sent.status).toBe(400);
    expect(sent.json.error).toMatchObject({ type: "invalid_request_error", param, code: null });
    expect(served.asks).toEqual([]);
  });
});

describe("fields of a chat", () => {
  it.each([
    [{ max_tokens: 3 }, { maxTokens: 3 }],
    [{ max_tokens: 3, max_completion_tokens: 5 }, { maxTokens: 5 }],
    [{ max_completion_tokens: null, max_tokens: 3 }, { maxTokens: 3 }],
    [{ max_tokens: -1 }, undefined],
    [
      { temperature: 0, top_p: 1 },
      { temperature: 0, topP: 1 },
    ],
    [
      { top_k: 40, min_p: 0.05, repeat_penalty: 1.1 },
      { topK: 40, minP: 0.05, repeatPenalty: 1.1 },
    ],
    [{ top_k: -1 }, { topK: 0 }],
    [{ stop: "\n" }, { stop: ["\n"] }],
    [{ stop: ["a", "", "b"] }, { stop: ["a", "b"] }],
    [{ stop: [] }, undefined],
    [{ stop: null, temperature: null, seed: null, max_tokens: null }, undefined],
    [{ seed: 42 }, { seed: 42 }],
    [{ seed: 2 ** 32 + 5 }, { seed: 5 }],
    [{ seed: -2 }, { seed: 2 ** 32 - 2 }],
    [{ seed: -1 }, undefined],
  ])("are sampling: %j", async (body, sampling) => {
    expect((await ask(body)).sampling).toEqual(sampling);
  });

  it.each([
    [{ response_format: { type: "text" } }, undefined],
    [{ response_format: null }, undefined],
    [{ response_format: { type: "json_object" } }, { type: "object" }],
    [{ response_format: { type: "json_object", schema: { type: "array" } } }, { type: "array" }],
    [
      {
        response_format: { type: "json_schema", json_schema: { name: "x", strict: true, schema: { type: "object" } } },
      },
      { type: "object" },
    ],
  ])("are the form of the reply: %j", async (body, schema) => {
    expect((await ask(body)).responseSchema).toEqual(schema);
  });

  it("are tools, also without parameters", async () => {
    const empty = { type: "object", properties: {}, additionalProperties: false };
    const of = (name: string, parameters: object) => ({ type: "function", function: { name, parameters } });
    const any = { type: "object", properties: {}, additionalProperties: true };
    const some = { properties: { on: { type: "boolean" } } };
    const tools = [
      weather,
      light,
      of("c", { properties: {} }),
      of("d", some),
      of("e", any),
      of("f", { type: "object" }),
    ];
    const asked = await ask({ tools });
    expect(asked.callerTools).toEqual({
      choice: "auto",
      tools: [
        { name: "weather", description: "Tells the weather", inputSchema: empty },
        { name: "light", description: "", inputSchema: empty },
        { name: "c", description: "", inputSchema: empty },
        { name: "d", description: "", inputSchema: { type: "object", ...some } },
        { name: "e", description: "", inputSchema: any },
        { name: "f", description: "", inputSchema: { type: "object" } },
      ],
    });
  });

  it.each([
    [{ tools: [] }, undefined],
    [{ tools: null, tool_choice: "none" }, undefined],
    [{ tools: [weather], tool_choice: "none" }, undefined],
    [{ tool_choice: "auto" }, undefined],
    [
      { tools: [weather], tool_choice: "auto" },
      { choice: "auto", tools: [{ name: "weather" }] },
    ],
    [
      { tools: [weather, light], tool_choice: "required" },
      { choice: "required", tools: [{}, {}] },
    ],
    [
      { tools: [weather, light], tool_choice: { type: "function", function: { name: "light" } } },
      { choice: "required", tools: [{ name: "light" }] },
    ],
  ])("choose tools: %j", async (body, callerTools) => {
    const asked = await ask(body);
    if (callerTools === undefined) expect(asked.callerTools).toBeUndefined();
    else expect(asked.callerTools).toMatchObject(callerTools);
  });

  it("are accepted without effect", async () => {
    const body = {
      n: 1,
      logprobs: false,
      top_logprobs: 0,
      parallel_tool_calls: false,
      metadata: { a: "b" },
      store: true,
      reasoning_effort: "low",
      presence_penalty: 0,
      frequency_penalty: 0,
      service_tier: "auto",
      logit_bias: {},
      stream_options: null,
      an_unknown_field: { of: ["tomorrow"] },
    };
    expect(await ask(body)).toEqual({ ...(await ask({})) });
  });

  it.each([
    [{ n: 2 }, "n"],
    [{ n: "1" }, "n"],
    [{ logprobs: true }, "logprobs"],
    [{ audio: { voice: "x" } }, "audio"],
    [{ functions: [] }, "functions"],
    [{ stream: "yes" }, "stream"],
    [{ stream_options: true }, "stream_options"],
    [{ stream_options: { include_usage: 1 } }, "stream_options.include_usage"],
    [{ temperature: "hot" }, "temperature"],
    [{ temperature: -1 }, "temperature"],
    [{ temperature: Number.NaN }, "temperature"],
    [{ top_p: 2 }, "top_p"],
    [{ top_k: 1.5 }, "top_k"],
    [{ min_p: -0.1 }, "min_p"],
    [{ repeat_penalty: [] }, "repeat_penalty"],
    [{ seed: 1.5 }, "seed"],
    [{ max_tokens: 0 }, "max_tokens"],
    [{ max_tokens: 2.5 }, "max_tokens"],
    [{ max_completion_tokens: "3" }, "max_completion_tokens"],
    [{ stop: 7 }, "stop"],
    [{ stop: ["a", 7] }, "stop"],
    [{ stop: Array.from({ length: 17 }, () => "a") }, "stop"],
    [{ stop: "a".repeat(1001) }, "stop"],
    [{ user: 7 }, "user"],
    [{ user: "u".repeat(1001) }, "user"],
    [{ response_format: "json" }, "response_format"],
    [{ response_format: { type: "xml" } }, "response_format.type"],
    [{ response_format: { type: "json_schema" } }, "response_format.json_schema"],
    [{ response_format: { type: "json_schema", json_schema: {} } }, "response_format.json_schema.schema"],
    [{ tools: {} }, "tools"],
    [{ tools: ["weather"] }, "tools[0]"],
    [{ tools: [{ type: "web_search" }] }, "tools[0].type"],
    [{ tools: [{ type: "function" }] }, "tools[0].function"],
    [{ tools: [{ type: "function", function: {} }] }, "tools[0].function.name"],
    [{ tools: [{ type: "function", function: { name: "a b" } }] }, "tools[0].function.name"],
    [{ tools: [{ type: "function", function: { name: "a".repeat(129) } }] }, "tools[0].function.name"],
    [{ tools: [{ type: "function", function: { name: "a", description: 7 } }] }, "tools[0].function.description"],
    [{ tools: [{ type: "function", function: { name: "a", parameters: "none" } }] }, "tools[0].function.parameters"],
    [
      { tools: [{ type: "function", function: { name: "a", parameters: { type: "string" } } }] },
      "tools[0].function.parameters.type",
    ],
    [{ tools: [weather, weather] }, "tools[1]"],
    [{ tools: Array.from({ length: 129 }, (_, index) => ({ function: { name: `t${index}` } })) }, "tools"],
    [{ tool_choice: "required" }, "tool_choice"],
    [{ tools: [weather], tool_choice: "any" }, "tool_choice"],
    [{ tools: [weather], tool_choice: { type: "function" } }, "tool_choice"],
    [{ tools: [weather], tool_choice: { type: "function", function: { name: "light" } } }, "tool_choice"],
  ])("are refused: %j", async (body, param) => {
    const sent = await chat(new FakeServedAgent(), { ...hello, ...body });
    expect(sent.status, sent.text).toBe(400);
    expect(sent.json.error).toMatchObject({ type: "invalid_request_error", param, code: null });
    expect(sent.json.error?.message).toMatch(/\.$/u);
  });

  it.each([
    [{ stop: [null] }, "stop must be a text or a list of texts, not a list with null."],
    [{ messages: [{ role: "robot", content: "" }] }, '"assistant" or "tool", not "robot"'],
    [{ messages: [...hello.messages, { role: "assistant", content: "Hi" }] }, "does not continue a reply"],
  ])("are explained: %j", async (body, message) => {
    const sent = await chat(new FakeServedAgent(), { ...hello, ...body });
    expect(sent.json.error?.message).toContain(message);
  });

  it("names the field of a schema that is not supported", async () => {
    const error = new NanoAgentError({ code: "schema-not-supported", message: "In the schema: not is not supported." });
    const served = new FakeServedAgent([{ type: "error", error }]);
    const schema = { type: "object", not: {} };
    const response_format = { type: "json_schema", json_schema: { name: "x", schema } };
    for (const stream of [false, true]) {
      const sent = await chat(served, { ...hello, response_format, stream });
      expect(sent.status).toBe(400);
      expect(sent.json.error).toMatchObject({ param: "response_format", code: "schema_not_supported" });
    }
    const sent = await respond(served, { input: "Hi", text: { format: { type: "json_schema", name: "x", schema } } });
    expect(sent.json.error).toMatchObject({ param: "text.format", code: "schema_not_supported" });
  });

  it.each([["Hello"], [null], [undefined], [[hello]], [7]])("are an object, not %j", async (body) => {
    const sent = await send(new FakeServedAgent(), "POST", "/v1/chat/completions", body);
    expect(sent.status).toBe(400);
    expect(sent.json.error).toMatchObject({ type: "invalid_request_error", param: null });
  });

  it("require a call only of a model that calls tools", async () => {
    const silent = { ...kitchen, facts: { ...kitchen.facts, callsTools: false } };
    const served = new FakeServedAgent(said("Yes."), [silent]);
    const sent = await chat(served, { ...hello, tools: [weather], tool_choice: "required" });
    expect(sent.status).toBe(400);
    expect(sent.json.error).toMatchObject({ param: "tool_choice" });
    expect((await chat(served, { ...hello, tools: [weather] })).status).toBe(200);
  });
});

describe("the model and the conversation of a chat", () => {
  it.each(["kitchen", "kitchen:latest", "org/small.gguf"])("finds %s", async (model) => {
    const asked = await ask({ model });
    expect(asked.target).toBe(model.startsWith("kitchen") ? "agent" : "model");
  });

  it("refuses an unknown model", async () => {
    const sent = await chat(new FakeServedAgent(), { ...hello, model: "gpt-4" });
    expect(sent.status).toBe(404);
    expect(sent.json.error).toMatchObject({ type: "not_found_error", code: "model_not_found", param: "model" });
    const wrong = await chat(new FakeServedAgent(), { ...hello, model: 7 });
    expect(wrong.json.error).toMatchObject({ type: "invalid_request_error", param: "model" });
  });

  it.each([
    [{}, {}, []],
    [{ user: "hallway" }, {}, ["hallway"]],
    [{ user: "hallway" }, { "x-conversation-id": "c1" }, ["c1", "hallway"]],
    [{ user: " " }, { "x-conversation-id": "" }, []],
  ])("has the ids of %j and %j", async (body, headers, ids) => {
    expect((await ask(body, { headers })).conversationIds).toEqual(ids);
  });

  it.each([
    [{ stream: true }, "ask", true],
    [{ stream: true }, "ASK", true],
    [{ stream: true }, "no", false],
    [{ stream: false }, "ask", false],
    [{}, "ask", false],
  ])("asks the client for permission: %j with %s is %s", async (body, value, mayAskClient) => {
    expect((await ask(body, { headers: { "x-nanoagent-permission": value } })).mayAskClient).toBe(mayAskClient);
  });
});

describe("a hostile body", () => {
  const names = [
    "messages",
    "tools",
    "tool_choice",
    "response_format",
    "stop",
    "stream",
    "stream_options",
    "user",
    "n",
  ];
  const value = fc.oneof(
    { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
    fc.array(fc.record({ role: fc.constantFrom("user", "assistant", "tool", "x"), content: fc.jsonValue() })),
    fc.array(fc.record({ type: fc.constant("function"), function: fc.jsonValue() }, { requiredKeys: [] })),
    fc.constantFrom("__proto__", "constructor", "toString"),
  );
  const body = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(fc.constantFrom(...names, "model", "input", "text", "temperature", "seed"), value),
    fc
      .dictionary(fc.constantFrom(...names), value)
      .map((given) => ({ model: "kitchen", ...hello, input: "Hi", ...given })),
  );

  it.each(["/v1/chat/completions", "/v1/responses", "/v1/embeddings"])(
    "of %s is answered or a typed 4xx",
    async (path) => {
      const answered = [said("Yes."), called(weatherCall, lightCall)];
      await fc.assert(
        fc.asyncProperty(body, fc.nat(1), async (given, index) => {
          const sent = await send(new FakeServedAgent(answered[index]), "POST", path, given);
          if (sent.status === 200) return;
          expect([400, 404]).toContain(sent.status);
          const { error } = sent.json;
          expect(error).toMatchObject({ type: expect.stringMatching(/^(invalid_request|not_found)_error$/u) });
          expect(typeof error?.message).toBe("string");
          expect(error?.message.length).toBeLessThan(1000);
        }),
        { numRuns: 500 },
      );
    },
  );
});
