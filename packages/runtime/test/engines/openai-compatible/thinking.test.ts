import { describe, expect, test } from "vitest";
import { ollamaChat } from "../../../src/engines/openai-compatible/chat/ollama-chat.js";
import { openaiChat } from "../../../src/engines/openai-compatible/chat/openai-chat.js";
import { reasoningMarks } from "../../../src/engines/reasoning-marks.js";
import { sendJson } from "./fake-server.js";
import { ask, collect, openOn, replying } from "./open-engine.js";

const request = ask("hi");
const form = { calls: true, systemRole: true };
const server = (kind: string) => ({ kind, model: "m", abilities: {}, contextTokens: 512, notices: [] }) as never;

describe("engine.thinking is sent to", () => {
  test.each([
    ["ollama", { think: true }, { think: false }],
    [
      "llama-server",
      { chat_template_kwargs: { enable_thinking: true, thinking: true } },
      { chat_template_kwargs: { enable_thinking: false, thinking: false } },
    ],
    [
      "vllm",
      { chat_template_kwargs: { enable_thinking: true, thinking: true } },
      { chat_template_kwargs: { enable_thinking: false, thinking: false } },
    ],
    ["openai", { reasoning_effort: "medium" }, { reasoning_effort: "none" }],
  ])("%s, and only if it is set", (kind, on, off) => {
    const chat = kind === "ollama" ? ollamaChat : openaiChat;
    const { ...plain } = chat(server(kind)).body(request, form) as Record<string, unknown>;
    expect(chat(server(kind), "auto").body(request, form)).toEqual(plain);
    expect(chat(server(kind), "on").body(request, form)).toEqual({ ...plain, ...on });
    expect(chat(server(kind), "off").body(request, form)).toEqual({ ...plain, ...off });
  });
});

test.each(reasoningMarks.filter(({ start }) => start.length > 0))(
  "reasoning between $start tags in a server's text is separated",
  async ({ start: [start], end: [end] }) => {
    const content = `${start}Hm.${end}\n\nYes.`;
    const { engine } = await openOn(
      replying((_, response) => sendJson(response, { choices: [{ message: { content }, finish_reason: "stop" }] })),
    );
    const events = await collect(engine.generate(request));
    const said = (type: string) =>
      events.map((event) => (event.type === type && "text" in event ? event.text : "")).join("");
    expect([said("text-delta"), said("reasoning-delta")]).toEqual(["Yes.", "Hm."]);
  },
);

test("a server's count of reasoning tokens is passed on", async () => {
  const usage = { prompt_tokens: 3, completion_tokens: 9, completion_tokens_details: { reasoning_tokens: 7 } };
  const { engine } = await openOn(
    replying((_, response) =>
      sendJson(response, { choices: [{ message: { content: "x" }, finish_reason: "stop" }], usage }),
    ),
  );
  expect(await collect(engine.generate(request))).toContainEqual({
    type: "usage",
    usage: { prompt_tokens: 3, completion_tokens: 9, reasoning_tokens: 7 },
  });
});
