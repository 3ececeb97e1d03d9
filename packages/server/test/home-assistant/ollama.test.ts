import { describe, expect, test } from "vitest";
import { assistTools, systemPrompt } from "./chat-log.js";
import { convertReply, convertResult, OllamaIntegration } from "./ollama-integration.js";
import { serveHouse } from "./served-house.js";

const turnOn = (id: string, name: string, more: object = {}) => {
  return { id, name: "HassTurnOn", arguments: { name, domain: ["light"], ...more } };
};

describe("Home Assistant's ollama integration", () => {
  test("sets itself up: lists the models, and finds the chosen one without a download", async () => {
    await using house = await serveHouse(["Yes."]);
    // The form with the address: an optional key is sent as it is.
    const integration = new OllamaIntegration(house.url, { apiKey: "anything" });
    const models = await integration.list();
    expect(models).toEqual(["house:latest"]);
    // The second form compares names with the same list.
    expect(await integration.list()).toContain("house:latest");
    // A name that a person typed is not in the list, so the integration pulls it.
    expect(await integration.pull("house")).toEqual({ status: "success" });
    await expect(integration.pull("qwen3:4b")).rejects.toMatchObject({ status: 404 });
    // The sensors, every 30 s.
    const { models: loaded } = (await integration.get("/api/ps")) as { models: Record<string, unknown>[] };
    expect(loaded).toEqual([expect.objectContaining({ model: "house:latest", size: 0, size_vram: 0 })]);
    expect(Number.isNaN(Date.parse(String(loaded[0]?.expires_at)))).toBe(false);
  });

  test("answers a sentence in two rounds of tools, and then another one", async () => {
    await using house = await serveHouse([
      { calls: [turnOn("call_1", "Kitchen Light"), turnOn("call_2", "Hall Light")] },
      { deltas: ["The lights ", "are on."] },
      "You are welcome.",
    ]);
    const integration = new OllamaIntegration(house.url);
    const messages: object[] = [
      { role: "system", content: systemPrompt },
      { role: "user", content: "Turn on the lights" },
    ];
    const first = await integration.chat(messages, { tools: assistTools });
    expect(first.calls.map(({ name, arguments: input }) => [name, input])).toEqual([
      ["HassTurnOn", { name: "Kitchen Light", domain: ["light"] }],
      ["HassTurnOn", { name: "Hall Light", domain: ["light"] }],
    ]);
    messages.push(convertReply(first), convertResult({ success: true }), convertResult({ error: "NotFound" }, true));
    const second = await integration.chat(messages, { tools: assistTools });
    expect(second).toEqual({ content: "The lights are on.", thinking: "", calls: [] });
    messages.push(convertReply(second), { role: "user", content: "Thanks" });
    expect((await integration.chat(messages, { tools: assistTools })).content).toBe("You are welcome.");

    const [asked, answered, thanked] = house.engine.requests;
    expect(asked?.instructions).toBe(`You are at home.\n\n${systemPrompt}`);
    expect(asked?.tools?.map(({ name }) => name)).toEqual(["HassTurnOn", "GetLiveContext"]);
    // The results belong to the calls in their order, although neither has an id.
    const [, reply, one, two] = answered?.messages ?? [];
    expect([one?.tool_call_id, two?.tool_call_id]).toEqual(reply?.tool_calls?.map(({ id }) => id));
    expect(two?.content).toContain("NotFound");
    expect((await house.server.status()).conversations.open).toBe(1);
    expect(thanked?.messages.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "tool",
      "assistant",
      "user",
    ]);
  });

  test("repairs arguments of small models, and then the engine sees them as they were repaired", async () => {
    await using house = await serveHouse([
      { calls: [turnOn("call_1", "Kitchen Light", { area: null, floor: "", domain: '["light"]' })] },
      "Done.",
    ]);
    const integration = new OllamaIntegration(house.url);
    const messages: object[] = [{ role: "user", content: "Light!" }];
    const first = await integration.chat(messages, { tools: assistTools });
    const repaired = { name: "Kitchen Light", domain: ["light"] };
    expect(first.calls[0]?.arguments).toEqual(repaired);
    messages.push(convertReply(first), convertResult({ success: true }));
    expect((await integration.chat(messages, { tools: assistTools })).content).toBe("Done.");
    expect(house.engine.requests[1]?.messages[1]?.tool_calls?.[0]?.arguments).toEqual(repaired);
  });

  test("answers when the oldest messages were cut off, results of tools among them", async () => {
    await using house = await serveHouse(["It is 21 °C."]);
    const integration = new OllamaIntegration(house.url);
    const messages = [
      { role: "system", content: systemPrompt },
      convertResult({ success: true }),
      { role: "assistant", content: "The light is on." },
      { role: "user", content: "How warm is it?" },
    ];
    expect((await integration.chat(messages)).content).toBe("It is 21 °C.");
    expect(house.engine.requests[0]?.messages.at(-1)).toMatchObject({ role: "user", content: "How warm is it?" });
  });

  test("gets structured data for a task", async () => {
    await using house = await serveHouse(['{"eggs": 7}']);
    const integration = new OllamaIntegration(house.url);
    const format = { type: "object", properties: { eggs: { type: "integer" } }, required: ["eggs"] };
    const messages = [
      { role: "system", content: "You are a Home Assistant expert and help users with their tasks." },
      { role: "user", content: "How many eggs?" },
    ];
    const { content } = await integration.chat(messages, { format });
    expect(JSON.parse(content ?? "")).toEqual({ eggs: 7 });
    expect(house.engine.requests[0]?.responseSchema).toEqual(format);
  });

  test("tells what is wrong", async () => {
    await using house = await serveHouse(["Yes."]);
    const integration = new OllamaIntegration(house.url);
    const image = { role: "user", content: "What is this?", images: ["aGk="] };
    const refused = integration.chat([{ role: "system", content: "" }, image]);
    await expect(refused).rejects.toMatchObject({ status: 400, message: expect.stringContaining("images") });
  });
});
