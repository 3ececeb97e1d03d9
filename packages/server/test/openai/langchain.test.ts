import { AIMessageChunk, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { describe, expect, it } from "vitest";
import { EmbeddingEngine, openService } from "./open-service.js";

const weatherCall = { id: "call00001", name: "weather", arguments: { city: "Bern" } };
const weatherTool = {
  type: "function" as const,
  function: {
    name: "weather",
    description: "Tells the weather of a city.",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};
const forecast = {
  title: "forecast",
  type: "object",
  properties: { degrees: { type: "integer" } },
  required: ["degrees"],
};

const modelOf = (baseURL: string, fields = {}) =>
  new ChatOpenAI({ model: "kitchen", apiKey: "none", configuration: { baseURL }, maxRetries: 0, ...fields });

describe("LangChain", () => {
  it("invokes the agent", async () => {
    const { baseURL, engine } = await openService("langchain invoke", ["Good morning."]);
    const reply = await modelOf(baseURL, { temperature: 0, maxTokens: 20 }).invoke([
      ["system", "Be brief."],
      ["human", "Good morning"],
    ]);
    expect(reply.text).toBe("Good morning.");
    expect(reply.usage_metadata).toMatchObject({ output_tokens: 2 });
    expect(engine.requests[0]).toMatchObject({
      instructions: "Be brief.",
      sampling: { maxTokens: 20, temperature: 0 },
    });
  });

  it("streams the reply", async () => {
    const { baseURL } = await openService("langchain stream", [{ deltas: ["Good ", "morning."] }]);
    let whole: AIMessageChunk | undefined;
    for await (const chunk of await modelOf(baseURL).stream("Good morning")) whole = whole?.concat(chunk) ?? chunk;
    expect(whole?.text).toBe("Good morning.");
    expect(whole?.usage_metadata).toMatchObject({ output_tokens: 2 });
  });

  it("binds tools, in two rounds", async () => {
    const { baseURL, engine } = await openService("langchain tools", [
      { calls: [weatherCall] },
      { deltas: ["21 ", "degrees."] },
    ]);
    const model = modelOf(baseURL).bindTools([weatherTool]);
    const question = new HumanMessage("Weather in Bern?");
    const call = await model.invoke([question]);
    expect(call.tool_calls).toMatchObject([{ id: "call00001", name: "weather", args: { city: "Bern" } }]);
    const result = new ToolMessage({ tool_call_id: "call00001", content: "21" });
    const reply = await model.invoke([question, call, result]);
    expect(reply.text).toBe("21 degrees.");
    expect(engine.requests[1]?.messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool"]);
  });

  it("streams calls of tools", async () => {
    const { baseURL } = await openService("langchain streamed tools", [{ calls: [weatherCall] }]);
    let whole: AIMessageChunk | undefined;
    const model = modelOf(baseURL).bindTools([weatherTool]);
    for await (const chunk of await model.stream("Weather in Bern?")) whole = whole?.concat(chunk) ?? chunk;
    expect(whole).toBeInstanceOf(AIMessageChunk);
    expect(whole?.tool_calls).toMatchObject([{ name: "weather", args: { city: "Bern" } }]);
  });

  it("gets structured output by a schema", async () => {
    const { baseURL, engine } = await openService("langchain json schema", ['{"degrees": 21}']);
    const model = modelOf(baseURL).withStructuredOutput(forecast, { method: "jsonSchema", name: "forecast" });
    expect(await model.invoke("Weather in Bern?")).toEqual({ degrees: 21 });
    expect(engine.requests[0]?.responseSchema).toMatchObject({ type: "object", required: ["degrees"] });
  });

  it("gets structured output by a call", async () => {
    const call = { id: "call00001", name: "forecast", arguments: { degrees: 21 } };
    const { baseURL, engine } = await openService("langchain function calling", [{ calls: [call] }]);
    const model = modelOf(baseURL).withStructuredOutput(forecast, { method: "functionCalling", name: "forecast" });
    expect(await model.invoke("Weather in Bern?")).toEqual({ degrees: 21 });
    expect(engine.requests[0]).toMatchObject({ toolChoice: "forced", tools: [{ name: "forecast" }] });
  });

  it("uses responses", async () => {
    const { baseURL } = await openService("langchain responses", [{ deltas: ["Good ", "morning."] }]);
    const model = modelOf(baseURL, { useResponsesApi: true });
    expect((await model.invoke("Good morning")).text).toBe("Good morning.");
    let whole: AIMessageChunk | undefined;
    for await (const chunk of await model.stream("Good morning")) whole = whole?.concat(chunk) ?? chunk;
    expect(whole?.text).toBe("Good morning.");
  });

  it("embeds documents", async () => {
    const { baseURL } = await openService("langchain embeddings", new EmbeddingEngine());
    const model = new OpenAIEmbeddings({ model: "kitchen", apiKey: "none", configuration: { baseURL } });
    const vectors = await model.embedDocuments(Array.from({ length: 600 }, (_, index) => `document ${index}`));
    expect(vectors).toHaveLength(600);
    expect(vectors[599]?.[0]).toBeCloseTo(0.6, 6);
  });
});
