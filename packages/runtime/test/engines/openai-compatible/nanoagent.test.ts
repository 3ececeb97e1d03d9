import { describe, expect, test } from "vitest";
import { factsOf } from "../../../src/engines/engine-facts.js";
import { fakeNanoagent, openaiChunk, openaiUsage } from "./fake-servers.js";
import { ask, collect, failToOpen, openOn } from "./open-engine.js";

const extended = (type: string) => ({ ...openaiChunk({}), nanoagent: { type } });
const reply = () => ({
  chunks: [
    openaiChunk({ role: "assistant", content: "" }),
    extended("tool-call"),
    openaiChunk({ content: "They ask for" }),
    extended("text-retraction"),
    openaiChunk({ reasoning_content: " the time." }),
    openaiChunk({ content: "Noon." }),
    openaiChunk({}, "stop"),
    openaiUsage,
  ],
});

describe("the engine on another nanoagent", () => {
  test("takes the facts from its list", async () => {
    const { engine } = await openOn(fakeNanoagent());
    expect(factsOf(engine)).toMatchObject({
      contextTokens: 2048,
      trainedTokens: 8192,
      parameters: 1_000_000,
      callsTools: true,
      notices: [],
    });
  });

  test("names both models if another one is configured", async () => {
    const error = await failToOpen(fakeNanoagent(), { model: "gone" });
    expect(error).toMatchObject({ code: "remote-model-unknown", reason: "Available: greenhouse, tiny.gguf." });
  });

  test("reads reasoning, retractions and cached tokens, and ignores other events of the service", async () => {
    const { engine } = await openOn(fakeNanoagent({ reply }));
    expect(await collect(engine.generate(ask("What time is it?")))).toEqual([
      { type: "text-delta", text: "They ask for" },
      { type: "text-retraction" },
      { type: "reasoning-delta", text: " the time." },
      { type: "text-delta", text: "Noon." },
      { type: "usage", usage: { prompt_tokens: 12, completion_tokens: 5, cached_prompt_tokens: 4 } },
      { type: "end", reason: "stop" },
    ]);
  });

  test("keeps all text of an agent, whose retractions concern its last step", async () => {
    const { engine } = await openOn(fakeNanoagent({ reply, models: ["agent"] }));
    const events = await collect(engine.generate(ask("What time is it?")));
    expect(events.map(({ type }) => type)).not.toContain("text-retraction");
  });

  test("sends a schema together with tools", async () => {
    const { engine, server } = await openOn(fakeNanoagent());
    const inputSchema = { type: "object", properties: {} };
    const tools = [{ name: "clock", description: "Tells the time.", inputSchema }];
    await collect(engine.generate(ask("What time is it?", { tools, responseSchema: { type: "string" } })));
    const sent = server.requests.filter(({ url }) => url === "/v1/chat/completions");
    expect(sent).toHaveLength(1);
    expect(sent[0]?.body).toMatchObject({
      tools: [{ function: { name: "clock" } }],
      response_format: { json_schema: { schema: { type: "string" } } },
    });
  });
});
