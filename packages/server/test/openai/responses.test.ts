import { NanoAgentError } from "@nanoagent/models";
import { describe, expect, it } from "vitest";
import type { AnswerEvent } from "../../src/turns/ask.js";
import {
  called,
  FakeServedAgent,
  lightCall,
  NOW,
  runEnd,
  runStart,
  type Script,
  said,
  usage,
  weatherCall,
} from "./fake-served-agent.js";
import { readEventStream } from "./read-event-stream.js";
import { respond } from "./send.js";

const weather = { type: "function", name: "weather", description: "Tells the weather", parameters: {}, strict: true };

async function ask(body: object) {
  const served = new FakeServedAgent();
  const sent = await respond(served, { input: "Hello", ...body });
  expect(sent.status, sent.text).toBe(200);
  const [asked] = served.asks;
  if (asked === undefined) throw new Error("Nothing was asked");
  return asked;
}

type Fields = Record<string, unknown>;

/** Sends a streamed request, and checks what holds for every stream of a response. */
async function stream(script: Script, body: object = {}) {
  const { status, text } = await respond(new FakeServedAgent(script), { input: "Hello", stream: true, ...body });
  const { events } = readEventStream(text);
  const parsed = events.map(({ name, data }): Fields => ({ event_name: name, ...JSON.parse(data) }));
  for (const [index, event] of parsed.entries()) {
    expect(event.event_name).toBe(event.type);
    expect(event.sequence_number).toBe(index);
  }
  const types = parsed.map(({ type }) => type);
  expect(types.slice(0, 2)).toEqual(["response.created", "response.in_progress"]);
  expect(text).not.toContain("[DONE]");
  checkItems(parsed);
  return { status, text, events: parsed, types, response: parsed.at(-1)?.response as Fields & { output: Fields[] } };
}

/** Items come one after another; each has its beginning and its end, and all events between are its own. */
function checkItems(events: readonly Fields[]): void {
  let open: unknown = null;
  let count = 0;
  for (const event of events) {
    const item = event.item as Fields | undefined;
    if (event.type === "response.output_item.added") {
      expect(open).toBeNull();
      expect(event.output_index).toBe(count);
      open = item?.id;
      count += 1;
    } else if (event.type === "response.output_item.done") {
      expect(item?.id).toBe(open);
      open = null;
    } else if ("item_id" in event) {
      expect(event.item_id).toBe(open);
      expect(event.output_index).toBe(count - 1);
    }
  }
  expect(open).toBeNull();
  const last = events.at(-1)?.response as Fields | undefined;
  expect(last?.output).toHaveLength(count);
}

describe("the input of a response", () => {
  it.each([
    ["Hello", [], "Hello", null],
    [[{ role: "user", content: "Hello" }], [], "Hello", null],
    [[{ type: "message", role: "user", content: [{ type: "input_text", text: "Hello" }] }], [], "Hello", null],
    [
      [
        { role: "developer", content: "Be brief." },
        { role: "user", content: "One" },
        { type: "reasoning", id: "rs_1", summary: [] },
        { type: "message", role: "assistant", content: [{ type: "output_text", text: "Two" }] },
        { role: "user", content: "Three" },
      ],
      [
        { role: "user", content: "One" },
        { role: "assistant", content: "Two" },
      ],
      "Three",
      "Be brief.",
    ],
  ])("is read: %j", async (input, before, message, instructions) => {
    expect(await ask({ input })).toMatchObject({ before, message, instructions });
  });

  it("has calls and their results", async () => {
    const input = [
      { role: "user", content: "Hello" },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "Let me look." }] },
      { type: "function_call", id: "fc_1", call_id: "a", name: "weather", arguments: '{"city":"Bern"}' },
      { type: "function_call", call_id: "b", name: "light", arguments: "{}" },
      { type: "function_call_output", call_id: "a", output: "21" },
      { type: "function_call_output", call_id: "b", output: [{ type: "input_text", text: "on" }] },
    ];
    const asked = await ask({ input });
    expect(asked.before).toMatchObject([
      { role: "user", content: "Hello" },
      {
        role: "assistant",
        content: "Let me look.",
        tool_calls: [
          { id: "a", name: "weather", arguments: { city: "Bern" } },
          { id: "b", name: "light", arguments: {} },
        ],
      },
    ]);
    expect(asked.message).toEqual({
      role: "tool",
      results: [
        { tool_call_id: "a", content: "21" },
        { tool_call_id: "b", content: "on" },
      ],
    });
  });

  it.each([
    [{ instructions: "Be brief." }, { instructions: "Be brief." }],
    [{ user: "hallway" }, { conversationIds: ["hallway"] }],
    [
      { max_output_tokens: 16, temperature: 0.5, top_p: 0.9 },
      { sampling: { maxTokens: 16, temperature: 0.5, topP: 0.9 } },
    ],
    [
      { text: { format: { type: "json_schema", name: "x", schema: { type: "object" } } } },
      { responseSchema: { type: "object" } },
    ],
    [{ text: { format: { type: "json_object" } } }, { responseSchema: { type: "object" } }],
    [{ text: { format: { type: "text" }, verbosity: "low" } }, { responseSchema: undefined }],
    [
      { tools: [weather] },
      { callerTools: { choice: "auto", tools: [{ name: "weather", inputSchema: { type: "object" } }] } },
    ],
    [{ tools: [weather], tool_choice: { type: "function", name: "weather" } }, { callerTools: { choice: "required" } }],
    [{ tools: [weather], tool_choice: "none" }, { callerTools: undefined }],
    [
      { store: false, include: [], truncation: "auto", reasoning: { effort: "low" }, background: false },
      { message: "Hello" },
    ],
  ])("comes with fields: %j", async (body, expected) => {
    expect(await ask(body)).toMatchObject(expected);
  });

  it.each([
    [{ type: "item_reference", id: "msg_1" }, "set providerOptions.openai.store to false"],
    [{ role: "tool", content: "21" }, '"function_call_output"'],
  ])("does not read the item %j, and says what to send", async (item, hint) => {
    const sent = await respond(new FakeServedAgent(), { input: [item] });
    expect(sent.status).toBe(400);
    expect(sent.json.error?.message).toContain(hint);
  });

  it.each([
    [{ previous_response_id: "resp_1" }, "previous_response_id"],
    [{ conversation: "c" }, "conversation"],
    [{ background: true }, "background"],
    [{ prompt: { id: "p" } }, "prompt"],
    [{ input: undefined }, "input"],
    [{ input: [] }, "input"],
    [{ input: 7 }, "input"],
    [{ input: ["Hello"] }, "input[0]"],
    [{ input: [{ role: "robot", content: "" }] }, "input[0].role"],
    [{ input: [{ role: "user" }] }, "input[0].content"],
    [{ input: [{ role: "user", content: [{ type: "input_image" }] }] }, "input[0].content[0]"],
    [{ input: [{ type: "item_reference", id: "msg_1" }] }, "input[0]"],
    [{ input: [{ type: "web_search_call" }] }, "input[0].type"],
    [{ input: [{ type: "function_call", name: "x" }] }, "input[0].call_id"],
    [{ input: [{ type: "function_call", call_id: "a" }] }, "input[0].name"],
    [{ input: [{ type: "function_call_output", output: "x" }] }, "input[0].call_id"],
    [{ input: [{ type: "function_call_output", call_id: "a", output: "x" }] }, "input"],
    [{ input: [{ role: "assistant", content: "Yes." }] }, "input"],
    [{ instructions: 7 }, "instructions"],
    [{ max_output_tokens: 0 }, "max_output_tokens"],
    [{ tools: [{ type: "web_search" }] }, "tools[0].type"],
    [{ tools: [{ type: "function" }] }, "tools[0].name"],
    [{ tool_choice: "required" }, "tool_choice"],
    [{ text: "json" }, "text"],
    [{ text: { format: { type: "json_schema" } } }, "text.format.schema"],
    [{ stream: 1 }, "stream"],
  ])("is refused: %j", async (body, param) => {
    const sent = await respond(new FakeServedAgent(), { input: "Hello", ...body });
    expect(sent.status, sent.text).toBe(400);
    expect(sent.json.error).toMatchObject({ type: "invalid_request_error", param, code: null });
  });
});

describe("a response", () => {
  it("has a message, the usage, and what was asked", async () => {
    const body = {
      input: "Hello",
      instructions: "Be brief.",
      metadata: { a: "b" },
      tools: [weather],
      temperature: 0,
      max_output_tokens: 9,
      user: "hallway",
    };
    const { status, json } = await respond(new FakeServedAgent(said("Good ", "morning.")), body);
    expect(status).toBe(200);
    expect(json).toEqual({
      id: expect.stringMatching(/^resp_[0-9a-f]{32}$/u),
      object: "response",
      created_at: NOW / 1000,
      status: "completed",
      background: false,
      error: null,
      incomplete_details: null,
      instructions: "Be brief.",
      max_output_tokens: 9,
      metadata: { a: "b" },
      model: "kitchen",
      output: [
        {
          type: "message",
          id: expect.stringMatching(/^msg_/u),
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text: "Good morning.", annotations: [], logprobs: [] }],
        },
      ],
      parallel_tool_calls: true,
      previous_response_id: null,
      reasoning: { effort: null, summary: null },
      service_tier: "default",
      store: false,
      temperature: 0,
      text: { format: { type: "text" } },
      tool_choice: "auto",
      tools: [weather],
      top_p: null,
      truncation: "disabled",
      usage: {
        input_tokens: 12,
        input_tokens_details: { cached_tokens: 8 },
        output_tokens: 3,
        output_tokens_details: { reasoning_tokens: 1 },
        total_tokens: 15,
      },
      user: "hallway",
    });
  });

  it("that was cut is incomplete", async () => {
    const cut: AnswerEvent[] = [runStart, { type: "text-delta", text: "Good" }, runEnd("Good", { reason: "length" })];
    const { json } = await respond(new FakeServedAgent(cut), { input: "Hello" });
    expect(json).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      output: [{ status: "incomplete" }],
    });
  });

  it("has the agent's own work in the extension", async () => {
    const own: AnswerEvent[] = [
      { type: "tool-call", id: "own1", name: "lamp", arguments: {} },
      { type: "tool-result", id: "own1", name: "lamp", content: "on", is_error: false },
    ];
    const { json } = await respond(
      new FakeServedAgent([runStart, ...own, { type: "text-delta", text: "Done." }, runEnd("Done.")]),
      { input: "Hello" },
    );
    expect(json.nanoagent).toEqual({ events: own });
    expect(json.output).toMatchObject([{ type: "message" }]);
  });

  it("that fails has the status of the error", async () => {
    const error = new NanoAgentError({ code: "context-exceeded", message: "Too long." });
    const { status, json } = await respond(new FakeServedAgent([runStart, { type: "error", error }]), {
      input: "Hello",
    });
    expect(status).toBe(400);
    expect(json.error).toMatchObject({ code: "context_length_exceeded" });
  });
});

describe("a streamed response", () => {
  it("has the events of a message in order", async () => {
    const { status, types, events, response } = await stream(said("Good ", "morning."));
    expect(status).toBe(200);
    expect(types.slice(2)).toEqual([
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    expect(events[0]?.response).toMatchObject({ status: "in_progress", output: [], usage: null });
    expect(events[2]?.item).toMatchObject({ type: "message", status: "in_progress", content: [] });
    expect(events[4]).toMatchObject({ delta: "Good ", content_index: 0, output_index: 0 });
    expect(events[6]).toMatchObject({ text: "Good morning." });
    expect(response).toMatchObject({ status: "completed", output: [{ content: [{ text: "Good morning." }] }] });
    expect(response.usage).toMatchObject({ input_tokens: 12 });
  });

  it("has the events of calls", async () => {
    const { types, events, response } = await stream(called(weatherCall, lightCall));
    const ofCall = [
      "response.output_item.added",
      "response.function_call_arguments.delta",
      "response.function_call_arguments.done",
      "response.output_item.done",
    ];
    expect(types.slice(2)).toEqual([...ofCall, ...ofCall, "response.completed"]);
    expect(events[2]?.item).toMatchObject({ type: "function_call", arguments: "", status: "in_progress" });
    expect(events[3]).toMatchObject({ delta: '{"city":"Bern"}' });
    expect(response.output).toMatchObject([
      {
        type: "function_call",
        call_id: "call00001",
        name: "weather",
        arguments: '{"city":"Bern"}',
        status: "completed",
      },
      { type: "function_call", call_id: "call00002", name: "light", arguments: "{}" },
    ]);
  });

  it("has reasoning, a message and a call as items", async () => {
    const { response } = await stream([
      runStart,
      { type: "reasoning-delta", text: "Hm, " },
      { type: "reasoning-delta", text: "weather." },
      { type: "text-delta", text: "Let me look." },
      { type: "tool-call", ...weatherCall, for_caller: true },
      { type: "step-end", step: 1, reason: "tool-calls", usage },
      runEnd("Let me look.", { reason: "tool-calls", calls: [weatherCall] }),
    ]);
    expect(response.output).toMatchObject([
      { type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "Hm, weather." }] },
      { type: "message", content: [{ text: "Let me look." }] },
      { type: "function_call" },
    ]);
  });

  it("is without text that turned out to be reasoning, from its done events on", async () => {
    const { events, response } = await stream([
      runStart,
      { type: "text-delta", text: "One moment. " },
      { type: "step-end", step: 1, reason: "tool-calls", usage },
      { type: "text-delta", text: "Perhaps." },
      { type: "text-retraction" },
      { type: "text-delta", text: "Yes." },
      { type: "step-end", step: 2, reason: "stop", usage },
      runEnd("Yes."),
    ]);
    expect(events.find(({ type }) => type === "response.output_text.done")?.text).toBe("One moment. Yes.");
    expect(response.output).toMatchObject([{ content: [{ text: "One moment. Yes." }] }]);
  });

  it("has a message even if it is empty", async () => {
    const { response } = await stream([runStart, runEnd("")]);
    expect(response.output).toMatchObject([{ type: "message", content: [{ text: "" }] }]);
  });

  it("has the agent's own work in events of a type that clients know and ignore", async () => {
    const call: AnswerEvent = { type: "tool-call", id: "own1", name: "lamp", arguments: {} };
    const { events } = await stream([runStart, call, { type: "text-delta", text: "Done." }, runEnd("Done.")]);
    expect(events.find(({ type }) => type === "keepalive")?.nanoagent).toEqual(call);
  });

  it("that was cut ends with incomplete", async () => {
    const { types } = await stream([
      runStart,
      { type: "text-delta", text: "Good" },
      runEnd("Good", { reason: "length" }),
    ]);
    expect(types.at(-1)).toBe("response.incomplete");
  });

  it("that fails ends with failed", async () => {
    const error = new NanoAgentError({ code: "engine-failed", message: "No file /srv/models/x.gguf." });
    const { types, text, response } = await stream([
      runStart,
      { type: "text-delta", text: "Good" },
      { type: "error", error },
    ]);
    expect(types.at(-1)).toBe("response.failed");
    expect(response).toMatchObject({ status: "failed", error: { code: "engine_failed" } });
    expect(text).not.toContain("/srv");
  });
});
