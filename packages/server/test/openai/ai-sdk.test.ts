import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, embedMany, generateText, jsonSchema, Output, stepCountIs, streamText, tool } from "ai";
import { describe, expect, it } from "vitest";
import { EmbeddingEngine, openService } from "./open-service.js";

const bern = { id: "call00001", name: "weather", arguments: { city: "Bern" } };
const basel = { id: "call00002", name: "weather", arguments: { city: "Basel" } };
const rounds = [
  { deltas: ["One moment."], calls: [bern] },
  { calls: [basel] },
  { deltas: ["21 degrees ", "in both."] },
];

const providerOf = (baseURL: string) =>
  createOpenAICompatible({ name: "nanoagent", baseURL, supportsStructuredOutputs: true, includeUsage: true });

function weatherTool() {
  const cities: string[] = [];
  const weather = tool({
    description: "Tells the weather of a city.",
    inputSchema: jsonSchema<{ city: string }>({
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
    }),
    execute: async ({ city }) => {
      cities.push(city);
      return { degrees: 21 };
    },
  });
  return { cities, tools: { weather } };
}

const forecast = jsonSchema<{ degrees: number }>({
  type: "object",
  properties: { degrees: { type: "integer" } },
  required: ["degrees"],
});

describe("the AI SDK", () => {
  it("generates text with tools in several steps", async () => {
    const { baseURL, engine } = await openService("ai-sdk tools", rounds);
    const { cities, tools } = weatherTool();
    const result = await generateText({
      model: providerOf(baseURL)("kitchen"),
      system: "Be brief.",
      prompt: "Weather in Bern and Basel?",
      tools,
      stopWhen: stepCountIs(5),
    });
    expect(result.text).toBe("21 degrees in both.");
    expect(cities).toEqual(["Bern", "Basel"]);
    expect(result.steps.map(({ finishReason }) => finishReason)).toEqual(["tool-calls", "tool-calls", "stop"]);
    expect(result.usage.outputTokens).toBe(4);
    expect(engine.requests[2]).toMatchObject({ instructions: "Be brief.", tools: [{ name: "weather" }] });
    expect(engine.requests[2]?.messages.map(({ role }) => role).join(" ")).toBe("user assistant tool assistant tool");
  });

  it("streams text with tools in several steps", async () => {
    const { baseURL } = await openService("ai-sdk stream", rounds);
    const { cities, tools } = weatherTool();
    const result = streamText({
      model: providerOf(baseURL)("kitchen"),
      prompt: "Weather in Bern and Basel?",
      tools,
      stopWhen: stepCountIs(5),
    });
    const pieces: string[] = [];
    for await (const piece of result.textStream) pieces.push(piece);
    expect(pieces.join("|")).toBe("One moment.|21 degrees |in both.");
    expect(cities).toEqual(["Bern", "Basel"]);
    expect(await result.finishReason).toBe("stop");
    expect((await result.usage).inputTokens).toBeGreaterThan(0);
  });

  it("calls the tool that must be called", async () => {
    const { baseURL, engine } = await openService("ai-sdk required", [{ calls: [bern] }]);
    const { tools } = weatherTool();
    const model = providerOf(baseURL)("kitchen");
    const toolChoice = { type: "tool", toolName: "weather" } as const;
    const { toolCalls } = await generateText({ model, prompt: "Hello", tools, toolChoice });
    expect(toolCalls).toMatchObject([{ toolName: "weather", input: { city: "Bern" } }]);
    expect(engine.requests[0]).toMatchObject({ toolChoice: "forced" });
  });

  it("gets an object of a schema, streamed and not", async () => {
    const { baseURL, engine } = await openService("ai-sdk object", [{ deltas: ['{"degrees":', " 21}"] }]);
    const options = {
      model: providerOf(baseURL)("kitchen"),
      prompt: "Weather in Bern?",
      output: Output.object({ schema: forecast }),
    };
    expect((await generateText(options)).output).toEqual({ degrees: 21 });
    const streamed = streamText(options);
    await streamed.consumeStream();
    expect(await streamed.output).toEqual({ degrees: 21 });
    expect(engine.requests[0]?.responseSchema).toMatchObject({ type: "object", required: ["degrees"] });
  });

  it("embeds texts", async () => {
    const { baseURL } = await openService("ai-sdk embeddings", new EmbeddingEngine());
    const model = providerOf(baseURL).embeddingModel("kitchen");
    const { embeddings, usage } = await embedMany({ model, values: ["warm", "cold weather"] });
    expect(embeddings).toHaveLength(2);
    expect(embeddings[1]?.[0]).toBeCloseTo(0.6, 6);
    expect(usage.tokens).toBe(3);
  });

  it("is told what is wrong", async () => {
    const { baseURL } = await openService("ai-sdk error", ["Yes."]);
    const error = await generateText({ model: providerOf(baseURL)("gpt-4"), prompt: "Hello" }).catch(
      (thrown) => thrown,
    );
    expect(APICallError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({ statusCode: 404, isRetryable: false });
    expect(error.message).toMatch(/gpt-4/u);
  });
});
