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
  said,
  usage,
  weatherCall,
} from "./fake-served-agent.js";
import { chat, hello } from "./send.js";

const created = NOW / 1000;
const wireUsage = {
  prompt_tokens: 12,
  completion_tokens: 3,
  total_tokens: 15,
  prompt_tokens_details: { cached_tokens: 8 },
  completion_tokens_details: { reasoning_tokens: 1 },
};

const reply = (events: readonly AnswerEvent[], body = {}) => chat(new FakeServedAgent(events), { ...hello, ...body });

describe("a chat completion", () => {
  it("has the text, the reason and the usage", async () => {
    const { status, headers, json } = await reply(said("Good ", "morning."));
    expect(status).toBe(200);
    expect(headers["content-type"]).toMatch(/^application\/json/u);
    expect(json).toEqual({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/u),
      object: "chat.completion",
      created,
      model: "kitchen",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "Good morning.", refusal: null },
          finish_reason: "stop",
          logprobs: null,
        },
      ],
      usage: wireUsage,
    });
  });

  it("names the model by its id", async () => {
    expect((await reply(said("Yes."), { model: "kitchen:latest" })).json.model).toBe("kitchen");
  });

  it("has calls with arguments as text, and no content", async () => {
    const { json } = await reply(called(weatherCall, lightCall));
    expect(json.choices).toEqual([
      {
        index: 0,
        message: {
          role: "assistant",
          content: null,
          refusal: null,
          tool_calls: [
            { id: "call00001", type: "function", function: { name: "weather", arguments: '{"city":"Bern"}' } },
            { id: "call00002", type: "function", function: { name: "light", arguments: "{}" } },
          ],
        },
        finish_reason: "tool_calls",
        logprobs: null,
      },
    ]);
  });

  it.each([
    ['{"serial":12345678901234567890}', '{"serial":12345678901234567890}'],
    ["{not json", "{not json"],
    [undefined, "{}"],
    [null, "{}"],
    [[1], "[1]"],
  ])("has the arguments %j as %s", async (given, text) => {
    const calls = [{ id: "a", name: "weather", arguments: given }];
    const { json } = await reply([runStart, runEnd("", { reason: "tool-calls", calls })]);
    expect(json.choices).toMatchObject([{ message: { tool_calls: [{ function: { arguments: text } }] } }]);
  });

  it("has reasoning apart, also text that turned out to be reasoning", async () => {
    const events: AnswerEvent[] = [
      runStart,
      { type: "text-delta", text: "Let me look. " },
      { type: "step-end", step: 1, reason: "tool-calls", usage },
      { type: "reasoning-delta", text: "First. " },
      { type: "text-delta", text: "Then." },
      { type: "text-retraction" },
      { type: "text-delta", text: "Yes." },
      { type: "step-end", step: 2, reason: "stop", usage },
      runEnd("Yes."),
    ];
    const { json } = await reply(events);
    expect(json.choices).toMatchObject([
      { message: { content: "Let me look. Yes.", reasoning_content: "First. Then." } },
    ]);
  });

  it.each([
    ["stop", "stop"],
    ["length", "length"],
    ["repetition", "length"],
  ] as const)("that ended with %s has the reason %s", async (reason, finish_reason) => {
    const { json } = await reply([runStart, { type: "text-delta", text: "Yes" }, runEnd("Yes", { reason })]);
    expect(json.choices).toMatchObject([{ finish_reason, message: { content: "Yes" } }]);
  });

  it("has usage of zero where the engine knows none", async () => {
    const { json } = await reply([runStart, runEnd("", { usage: null })]);
    expect(json.usage).toEqual({
      prompt_tokens: 0,
      completion_tokens: 0,
      total_tokens: 0,
      prompt_tokens_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    });
    expect(json.choices).toMatchObject([{ message: { content: "" } }]);
  });

  it("shows the agent's own work in the extension alone", async () => {
    const own: AnswerEvent[] = [
      { type: "tool-call", id: "own1", name: "lamp", arguments: { on: true } },
      { type: "tool-result", id: "own1", name: "lamp", content: "on", is_error: false },
      { type: "claim-withheld", text: "I called the police." },
      { type: "memory-pressure", used_bytes: 2, limit_bytes: 1, reason: "own-limit", action: "trim-window" },
      { type: "window-overflow", left_turns: 1, summarized: false },
    ];
    const not_saved = new NanoAgentError({ code: "session-not-saved", message: "/srv/state is full." });
    const events: AnswerEvent[] = [
      runStart,
      { type: "prompt-progress", read_tokens: 1, prompt_tokens: 2 },
      ...own,
      { type: "text-delta", text: "Done." },
      runEnd("Done.", { not_saved }),
    ];
    const { json, text } = await reply(events);
    expect(json.nanoagent).toEqual({ events: [...own, { type: "not-saved", code: "session-not-saved" }] });
    expect(json.choices).toMatchObject([{ message: { content: "Done." }, finish_reason: "stop" }]);
    expect(text).not.toContain("tool_calls");
    expect(text).not.toContain("/srv");
  });
});

describe("a chat that fails", () => {
  const failed = (code: string) =>
    reply([runStart, { type: "error", error: new NanoAgentError({ code, message: "No." }) }]);

  it.each([
    ["context-exceeded", 400, "invalid_request_error", "context_length_exceeded", undefined],
    ["schema-not-supported", 400, "invalid_request_error", "schema_not_supported", undefined],
    ["message-too-large", 413, "invalid_request_error", "message_too_large", undefined],
    ["too-many-messages", 429, "rate_limit_error", "too_many_messages", undefined],
    ["insufficient-memory", 503, "server_error", "insufficient_memory", "false"],
    ["does-not-fit", undefined, "server_error", "does_not_fit", "false"],
    ["not-loaded", 503, "server_error", "not_loaded", undefined],
    ["engine-crashed", 500, "server_error", "engine_crashed", undefined],
    ["engine-failed", 500, "server_error", "engine_failed", "false"],
    // OpenAI has this code for a request that names an unknown model.
    ["model-not-found", 500, "server_error", "agent_model_not_found", "false"],
  ])("with %s has the status %s", async (code, status, type, apiCode, retry) => {
    const { status: sent, headers, json } = await failed(code);
    if (status !== undefined) expect(sent).toBe(status);
    expect(json).toEqual({ error: { message: expect.any(String), type, param: null, code: apiCode } });
    expect(headers["x-should-retry"]).toBe(retry);
  });

  it("says when to try again", async () => {
    expect((await failed("too-many-messages")).headers["retry-after"]).toBe("1");
  });

  it("tells nothing of an unexpected error", async () => {
    const served = new FakeServedAgent(() => {
      throw new Error("secret at /root/agent.js");
    });
    const { status, text } = await chat(served, hello);
    expect(status).toBe(500);
    expect(text).not.toMatch(/secret|root/u);
  });
});
