import type { CallResults } from "@nanoagent/runtime";
import { describe, expect, test } from "vitest";
import { ServiceError } from "../../src/errors/service-error.js";
import type { AnswerEvent } from "../../src/turns/ask.js";
import { callRoute, type ReplyBody } from "./call-route.js";
import { events, FakeServedAgent, replyOf } from "./fake-served-agent.js";

const hello = [{ role: "user", content: "Hello" }];
const lamp = { id: "call_9", name: "lamp_on", arguments: { room: "kitchen" } };
const lampTool = { type: "function", function: { name: "lamp_on", description: "Turns a lamp on.", parameters: {} } };

async function askFor(body: object, headers: Record<string, string> = {}) {
  const served = new FakeServedAgent();
  const reply = await callRoute(served, "POST", "/api/chat", { model: "house", messages: hello, ...body }, { headers });
  expect(reply.text).not.toContain('"error"');
  return served.asks[0];
}

async function refusalOf(body: object, path = "/api/chat") {
  const reply = await callRoute(new FakeServedAgent(), "POST", path, { model: "house", messages: hello, ...body });
  expect(reply.headers["content-type"]).toBe("application/json; charset=utf-8");
  return { status: reply.status, error: reply.json().error };
}

describe("A chat", () => {
  test("is streamed as JSON lines unless the request says otherwise", async () => {
    const served = new FakeServedAgent();
    served.script = () => events(["Hel", "lo."]);
    const reply = await callRoute(served, "POST", "/api/chat", { model: "house:latest", messages: hello });
    expect(reply.headers).toMatchObject({ "content-type": "application/x-ndjson", "cache-control": "no-cache" });
    const head = { model: "house:latest", created_at: expect.stringMatching(/^2026-11-29T.*Z$/) };
    expect(reply.lines()).toEqual([
      { ...head, message: { role: "assistant", content: "Hel" }, done: false },
      { ...head, message: { role: "assistant", content: "lo." }, done: false },
      {
        ...head,
        message: { role: "assistant", content: "" },
        done: true,
        done_reason: "stop",
        total_duration: expect.any(Number),
        load_duration: 0,
        prompt_eval_count: 7,
        prompt_eval_duration: 500_000_000,
        eval_count: 3,
        eval_duration: 250_000_000,
      },
    ]);
  });

  test("comes in one piece with stream: false", async () => {
    const served = new FakeServedAgent();
    served.script = () => events(["Hel", "lo."], { reason: "length" });
    const reply = await callRoute(served, "POST", "/api/chat", { model: "house", messages: hello, stream: false });
    expect(reply.json()).toMatchObject({
      model: "house",
      message: { role: "assistant", content: "Hello." },
      done: true,
      done_reason: "length",
      eval_count: 3,
    });
  });

  test("measures what the engine does not", async () => {
    const served = new FakeServedAgent();
    served.script = async function* (): AsyncGenerator<AnswerEvent> {
      served.time += 2000;
      yield { type: "text-delta", text: "Yes." };
      served.time += 1000;
      yield { type: "run-end", reply: replyOf("Yes."), reason: "stop", usage: null };
    };
    const last = (
      await callRoute(served, "POST", "/api/chat", { model: "house", messages: hello })
    ).lines()[1] as ReplyBody;
    expect(last).toMatchObject({ prompt_eval_count: 0, eval_count: 0 });
    expect(last.prompt_eval_duration / 1e6).toBeCloseTo(2000, -2);
    expect(last.eval_duration / 1e6).toBeCloseTo(1000, -2);
    expect(last.total_duration / 1e6).toBeCloseTo(3000, -2);
  });

  test("shows calls of the client's tools with arguments as an object, and the agent's own not at all", async () => {
    const script = async function* (): AsyncGenerator<AnswerEvent> {
      yield { type: "tool-call", id: "own", name: "read_clock", arguments: {} };
      yield { type: "tool-result", id: "own", name: "read_clock", content: "12:00", is_error: false };
      yield { type: "claim-withheld", text: "I did it." };
      yield* events(["A moment."], { calls: [lamp, { ...lamp, id: "call_10", arguments: '{"room":"hall"}' }] });
    };
    const calls = [
      { id: "call_9", function: { index: 0, name: "lamp_on", arguments: { room: "kitchen" } } },
      { id: "call_10", function: { index: 1, name: "lamp_on", arguments: { room: "hall" } } },
    ];
    const served = new FakeServedAgent();
    served.script = script;
    const body = { model: "house", messages: hello, tools: [lampTool] };
    const streamed = await callRoute(served, "POST", "/api/chat", body);
    expect(streamed.lines().map(({ message }) => message)).toEqual([
      { role: "assistant", content: "A moment." },
      { role: "assistant", content: "", tool_calls: [calls[0]] },
      { role: "assistant", content: "", tool_calls: [calls[1]] },
      { role: "assistant", content: "" },
    ]);
    expect(streamed.lines().at(-1)).toMatchObject({ done: true, done_reason: "stop" });
    const whole = await callRoute(served, "POST", "/api/chat", { ...body, stream: false });
    expect(whole.json().message).toEqual({ role: "assistant", content: "A moment.", tool_calls: calls });
    expect(streamed.text + whole.text).not.toContain("read_clock");
  });

  test.each([
    [undefined, "A thought. "],
    [true, "A thought. "],
    ["high", "A thought. "],
    [false, undefined],
  ])("has the model's thinking apart from its text, with think %s", async (think, thinking) => {
    const served = new FakeServedAgent();
    served.script = async function* (): AsyncGenerator<AnswerEvent> {
      yield { type: "reasoning-delta", text: "A " };
      yield { type: "reasoning-delta", text: "thought. " };
      yield* events(["Yes."]);
    };
    const body = { model: "house", messages: hello, think };
    const lines = (await callRoute(served, "POST", "/api/chat", body)).lines();
    const thought = lines.map(({ message }) => message.thinking ?? "").join("");
    expect(thought).toBe(thinking ?? "");
    const whole = await callRoute(served, "POST", "/api/chat", { ...body, stream: false });
    expect(whole.json().message).toEqual({ role: "assistant", content: "Yes.", ...(thinking && { thinking }) });
  });

  test("in one piece has no text that turned out to be thinking", async () => {
    const served = new FakeServedAgent();
    served.script = async function* (): AsyncGenerator<AnswerEvent> {
      yield { type: "text-delta", text: "Let me see." };
      yield { type: "text-retraction" };
      yield* events(["Yes."]);
    };
    const whole = await callRoute(served, "POST", "/api/chat", { model: "house", messages: hello, stream: false });
    expect(whole.json().message).toEqual({ role: "assistant", content: "Yes.", thinking: "Let me see." });
  });

  test("without messages says that the model is loaded", async () => {
    const served = new FakeServedAgent();
    for (const body of [{}, { messages: [] }, { messages: null, keep_alive: 0 }]) {
      const [line] = (await callRoute(served, "POST", "/api/chat", { model: "house", ...body })).lines();
      expect(line).toMatchObject({ message: { role: "assistant", content: "" }, done: true, done_reason: "load" });
    }
    const whole = await callRoute(served, "POST", "/api/chat", { model: "house", stream: false });
    expect(whole.json()).toMatchObject({ done: true, done_reason: "load" });
    expect(served.asks).toEqual([]);
  });
});

describe("A chat asks the agent", () => {
  test("with the client's instructions, history and message", async () => {
    const messages = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "One?" },
      { role: "Assistant", content: "One.", thinking: "Hm." },
      { role: "user", content: "Two?" },
    ];
    expect(await askFor({ messages })).toEqual({
      target: "agent",
      conversationIds: [],
      instructions: "Be brief.",
      before: [
        { role: "user", content: "One?", timestamp: expect.any(String) },
        { role: "assistant", content: "One.", timestamp: expect.any(String) },
      ],
      message: "Two?",
      mayAskClient: false,
    });
  });

  test("in the conversation that a header names, and otherwise without an id", async () => {
    expect((await askFor({}, { "x-conversation-id": "kitchen" }))?.conversationIds).toEqual(["kitchen"]);
    expect((await askFor({ user: "me" }))?.conversationIds).toEqual([]);
  });

  test("or the model alone, by its name", async () => {
    expect((await askFor({ model: "smollm2:135m" }))?.target).toBe("model");
  });

  test.each([
    [{ num_predict: 5 }, { maxTokens: 5 }],
    [{ num_predict: -1 }, undefined],
    [{ num_predict: -2, temperature: 0 }, { temperature: 0 }],
    [
      { top_p: 0.9, top_k: 20, min_p: 0.1, repeat_penalty: 1.1 },
      { topP: 0.9, topK: 20, minP: 0.1, repeatPenalty: 1.1 },
    ],
    [{ top_k: -1 }, { topK: 0 }],
    [{ seed: 42 }, { seed: 42 }],
    [{ seed: -1 }, undefined],
    [{ seed: 2 ** 32 + 7 }, { seed: 7 }],
    [{ stop: ["END", ""] }, { stop: ["END"] }],
    [{ stop: "END" }, { stop: ["END"] }],
    [{ stop: [] }, undefined],
    [{ num_ctx: 8192, num_gpu: 99, mirostat: 1, temperature: null }, undefined],
  ])("with the options %j", async (options, sampling) => {
    expect((await askFor({ options, keep_alive: -1, truncate: true }))?.sampling).toEqual(sampling);
  });

  test.each([
    ["json", { type: "object" }],
    [
      { type: "object", properties: { age: { type: "integer" } } },
      { type: "object", properties: { age: { type: "integer" } } },
    ],
    ["", undefined],
    [null, undefined],
  ])("for a reply in the format %j", async (format, schema) => {
    expect((await askFor({ format }))?.responseSchema).toEqual(schema);
  });

  test("to call the client's tools, also those without parameters", async () => {
    const tools = [lampTool, { type: "function", function: { name: "get_time" } }];
    expect((await askFor({ tools }))?.callerTools).toEqual({
      choice: "auto",
      tools: [
        {
          name: "lamp_on",
          description: "Turns a lamp on.",
          inputSchema: { type: "object", properties: {}, additionalProperties: false },
        },
        {
          name: "get_time",
          description: "",
          inputSchema: { type: "object", properties: {}, additionalProperties: false },
        },
      ],
    });
    expect((await askFor({ tools: [] }))?.callerTools).toBeUndefined();
  });
});

describe("Results of tools have no ids in Ollama's API", () => {
  const call = (name: string, id?: string) => ({ ...(id && { id }), function: { name, arguments: { room: name } } });
  const messagesWith = (calls: object[], results: object[]) => [
    { role: "user", content: "Light!" },
    { role: "assistant", content: null, tool_calls: calls },
    ...results.map((result) => ({ role: "tool", ...result })),
  ];
  const resultsOf = async (calls: object[], results: object[]) => {
    const ask = await askFor({ messages: messagesWith(calls, results) });
    const ids = ask?.before.at(-1)?.tool_calls?.map(({ id }) => id) ?? [];
    expect(new Set(ids).size).toBe(ids.length);
    const message = ask?.message as CallResults;
    return message.results.map(({ tool_call_id, content }) => [ids.indexOf(tool_call_id), content]);
  };

  test("and belong to the calls in order", async () => {
    const results = await resultsOf([call("a"), call("b")], [{ content: "first" }, { content: "second" }]);
    expect(results).toEqual([
      [0, "first"],
      [1, "second"],
    ]);
  });

  test("or to the call of the tool that they name", async () => {
    const results = await resultsOf(
      [call("a"), call("b"), call("a")],
      [
        { content: "of b", tool_name: "b" },
        { content: "first of a", tool_name: "a" },
        { content: "second of a", name: "a" },
      ],
    );
    expect(results).toEqual([
      [1, "of b"],
      [0, "first of a"],
      [2, "second of a"],
    ]);
  });

  test("or to the call whose id they have after all", async () => {
    const results = await resultsOf(
      [call("a", "one"), call("a", "two")],
      [
        { content: "2", tool_call_id: "two" },
        { content: "1", tool_call_id: "one" },
      ],
    );
    expect(results).toEqual([
      [1, "2"],
      [0, "1"],
    ]);
  });

  test("and keep the history before them", async () => {
    const ask = await askFor({
      messages: [
        ...messagesWith([call("a")], [{ content: "on" }]),
        { role: "assistant", content: "It is on." },
        ...messagesWith([call("a")], [{ content: "on again" }]),
      ],
    });
    expect(ask?.before.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
      "user",
      "assistant",
    ]);
    expect(ask?.before[2]).toMatchObject({ content: "on", tool_call_id: ask?.before[1]?.tool_calls?.[0]?.id });
    expect(ask?.message).toMatchObject({ role: "tool", results: [{ content: "on again" }] });
  });

  test("arguments as JSON text are read, too", async () => {
    const calls = [{ function: { name: "a", arguments: '{"room":"hall"}' } }, { function: { name: "b" } }];
    const ask = await askFor({ messages: messagesWith(calls, [{ content: "" }, { content: "" }]) });
    expect(ask?.before.at(-1)?.tool_calls?.map((each) => each.arguments)).toEqual([{ room: "hall" }, {}]);
  });
});

describe("A text", () => {
  test("is generated from a prompt, in a conversation of its own", async () => {
    const served = new FakeServedAgent();
    served.script = () => events(["Blue", "."]);
    const body = { model: "house", prompt: "Why is the sky blue?", system: "Be brief.", context: [1, 2, 3] };
    const lines = (await callRoute(served, "POST", "/api/generate", body)).lines();
    expect(lines.map(({ response, done }) => [response, done])).toEqual([
      ["Blue", false],
      [".", false],
      ["", true],
    ]);
    expect(served.asks[0]).toMatchObject({ instructions: "Be brief.", before: [], message: "Why is the sky blue?" });
    const whole = await callRoute(served, "POST", "/api/generate", { ...body, stream: false, format: "json" });
    expect(whole.json()).toMatchObject({ response: "Blue.", done: true, done_reason: "stop", eval_count: 3 });
    expect(served.asks[1]?.responseSchema).toEqual({ type: "object" });
  });

  test("without a prompt is a request to load the model", async () => {
    const served = new FakeServedAgent();
    const whole = await callRoute(served, "POST", "/api/generate", { model: "house", stream: false, keep_alive: "5m" });
    expect(whole.json()).toMatchObject({ response: "", done: true, done_reason: "load" });
    expect(served.asks).toEqual([]);
  });

  test.each([
    [{ suffix: "}" }, "suffix is not supported"],
    [{ template: "{{ .Prompt }}" }, "template is not supported"],
    [{ raw: true }, "raw is not supported"],
    [{ images: ["aGk="] }, "images"],
    [{ prompt: 3 }, "prompt must be a text, not 3."],
  ])("is refused for %j", async (body, error) => {
    const refusal = await refusalOf({ prompt: "Hi", ...body }, "/api/generate");
    expect(refusal).toEqual({ status: 400, error: expect.stringContaining(error) });
  });
});

describe("A chat is refused", () => {
  const user = (more: object) => ({ messages: [{ role: "user", content: "Hi", ...more }] });

  test.each([
    [{ model: undefined }, "names no model"],
    [{ model: 5 }, "model must be a text"],
    [{ messages: "Hi" }, 'messages must be a list, not "Hi"'],
    [{ messages: ["Hi"] }, 'messages[0] must be an object, not "Hi"'],
    [user({ role: "robot" }), 'messages[0].role must be "system", "user", "assistant" or "tool", not "robot"'],
    [user({ role: undefined }), 'messages[0].role must be "system", "user", "assistant" or "tool", not absent'],
    [user({ content: 5 }), "messages[0].content must be a text"],
    [user({ images: ["aGk="] }), "images"],
    [{ messages: [{ role: "assistant", content: "Hi" }] }, 'The last message has the role "assistant"'],
    [
      {
        messages: [
          { role: "user", content: "" },
          { role: "tool", content: "on" },
        ],
      },
      "results of tools",
    ],
    [{ tools: {} }, "tools must be a list"],
    [{ tools: [{ function: {} }] }, "tools[0].function.name must be a name"],
    [{ tools: [lampTool, lampTool] }, "Two tools have the name"],
    [{ tools: [{ function: { name: "a", parameters: [] } }] }, "tools[0].function.parameters must be an object"],
    [{ format: 5 }, 'format must be "json" or a JSON Schema'],
    [{ format: "xml" }, 'format must be "json" or a JSON Schema'],
    [{ stream: "yes" }, 'stream must be true or false, not "yes"'],
    [{ logprobs: true }, "logprobs is not supported"],
    [{ options: [] }, "options must be an object, not an empty list"],
    [{ options: { temperature: "hot" } }, "temperature must be a number"],
    [{ options: { temperature: -1 } }, "temperature must be a number"],
    [{ options: { num_predict: 1.5 } }, "num_predict must be an integer"],
    [{ options: { stop: [5] } }, "stop must be a text or a list of texts"],
    [{ options: { seed: 0.5 } }, "seed must be an integer"],
  ])("with %j", async (body, error) => {
    expect(await refusalOf(body)).toEqual({ status: 400, error: expect.stringContaining(error) });
  });

  test.each([[null], [[]], ["text"], [5]])("with the body %j", async (body) => {
    const reply = await callRoute(new FakeServedAgent(), "POST", "/api/chat", body);
    expect(reply.status).toBe(400);
    expect(reply.json().error).toMatch(/^The body must be a JSON object, not /);
  });

  test("when the queue is full, with the time to wait", async () => {
    const served = new FakeServedAgent();
    served.script = () =>
      new ServiceError({
        code: "queue-full",
        message: "Too many requests wait.",
        status: 429,
        type: "rate_limit_error",
        retrySeconds: 7,
      });
    const reply = await callRoute(served, "POST", "/api/chat", { model: "house", messages: hello });
    expect(reply).toMatchObject({ status: 429, headers: { "retry-after": "7" } });
    expect(reply.json()).toEqual({ error: "Too many requests wait." });
  });
});
