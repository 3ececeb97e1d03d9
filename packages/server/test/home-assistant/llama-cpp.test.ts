import { describe, expect, test } from "vitest";
import { assistTools, systemPrompt } from "./chat-log.js";
import { convertReply, convertResult, LlamaCppIntegration } from "./llama-cpp-integration.js";
import { serveHouse } from "./served-house.js";

const turnOn = (id: string, name: string) => ({ id, name: "HassTurnOn", arguments: { name, domain: ["light"] } });

describe("Home Assistant's llama_cpp integration", () => {
  test("sets itself up: models, a reply in one piece, and a streamed one", async () => {
    await using house = await serveHouse(["The capital of"]);
    const integration = new LlamaCppIntegration(house.url);
    const [model] = await integration.listModels();
    expect(model).toBe("house");
    expect(await integration.validate("house", false)).toEqual(["stop"]);
    expect(await integration.validate("house", true)).toEqual(["stop"]);
    for (const { sampling, tools } of house.engine.requests) {
      expect(sampling?.maxTokens).toBe(3);
      expect(tools).toMatchObject([
        { name: "test_function", description: "Test function.", inputSchema: { type: "object", properties: {} } },
      ]);
    }
    expect(house.engine.requests).toHaveLength(2);
  });

  test("sets itself up with a model that calls the tool", async () => {
    await using house = await serveHouse([{ calls: [{ id: "c", name: "test_function", arguments: {} }] }]);
    const integration = new LlamaCppIntegration(house.url);
    expect(await integration.validate("house", false)).toEqual(["tool_calls"]);
    expect(await integration.validate("house", true)).toEqual(["tool_calls"]);
  });

  test("answers a sentence in two rounds of tools, and then another one in the same conversation", async () => {
    await using house = await serveHouse([
      { deltas: ["One ", "moment."], calls: [turnOn("call_1", "Kitchen Light"), turnOn("call_2", "Hall Light")] },
      { deltas: ["The lights ", "are on."] },
      "You are welcome.",
    ]);
    const integration = new LlamaCppIntegration(house.url);
    const options = { tools: assistTools, user: "01KB8R0000000000000000" };
    const messages: object[] = [
      { role: "system", content: systemPrompt },
      { role: "user", content: "Turn on the lights" },
    ];
    const first = await integration.chat(messages, options);
    expect(first).toEqual({
      content: "One moment.",
      thinking: "",
      calls: [turnOn("call_1", "Kitchen Light"), turnOn("call_2", "Hall Light")],
    });
    messages.push(
      convertReply(first),
      convertResult("call_1", { success: true }),
      convertResult("call_2", { error: "NotFound" }, true),
    );
    const second = await integration.chat(messages, options);
    expect(second).toEqual({ content: "The lights are on.", thinking: "", calls: [] });
    messages.push(convertReply(second), { role: "user", content: "Thanks" });
    expect((await integration.chat(messages, options)).content).toBe("You are welcome.");

    const [asked, , thanked] = house.engine.requests;
    expect(asked?.instructions).toBe(`You are at home.\n\n${systemPrompt}`);
    expect(asked?.sampling).toEqual({ maxTokens: 3000, topP: 1, temperature: 0.7 });
    expect(asked?.tools?.map(({ name }) => name)).toEqual(["HassTurnOn", "GetLiveContext"]);
    expect(thanked?.messages.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "tool",
      "assistant",
      "user",
    ]);
    expect((await house.server.status()).conversations.open).toBe(1);
  });

  test("gets structured data for a task", async () => {
    await using house = await serveHouse(['{"eggs": 7}']);
    const schema = { type: "object", properties: { eggs: { type: "integer" } }, required: ["eggs"] };
    const response_format = { type: "json_schema", json_schema: { name: "eggs", strict: true, schema } };
    const messages = [{ role: "user", content: "How many eggs?" }];
    const { content } = await new LlamaCppIntegration(house.url).chat(messages, { response_format });
    expect(JSON.parse(content ?? "")).toEqual({ eggs: 7 });
    expect(house.engine.requests[0]?.responseSchema).toEqual(schema);
  });

  test("tells what is wrong, in the words that Home Assistant shows", async () => {
    await using house = await serveHouse(["Yes."]);
    const integration = new LlamaCppIntegration(house.url);
    await expect(integration.validate("gpt-4", false)).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining("gpt-4"),
    });
    const parts = [
      { type: "text", text: "What is this?" },
      { type: "image_url", image_url: { url: "data:image/png;base64,aGk=" } },
    ];
    await expect(integration.chat([{ role: "user", content: parts }])).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("images"),
    });
  });
});
