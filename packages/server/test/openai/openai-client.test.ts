import { EngineError, NanoRuntimeError } from "@nanoagent/runtime";
import OpenAI, { APIError, APIUserAbortError, BadRequestError, NotFoundError, RateLimitError } from "openai";
import type { RunnableToolFunctionWithParse } from "openai/lib/RunnableFunction";
import { describe, expect, it, onTestFinished } from "vitest";
import { ServiceError } from "../../src/errors/service-error.js";
import { listenOn } from "../../src/http/node-listener.js";
import { openRouter } from "../../src/http/router.js";
import { openaiError } from "../../src/openai/openai-error.js";
import { openaiRoutes } from "../../src/openai/openai-routes.js";
import type { AnswerEvent } from "../../src/turns/ask.js";
import { FakeServedAgent, played, type Script, said } from "./fake-served-agent.js";
import { EmbeddingEngine, openService } from "./open-service.js";

const clientOf = (baseURL: string, options = {}) => new OpenAI({ baseURL, apiKey: "sk-0000", ...options });
const hello = [{ role: "user", content: "Good morning" }] as const;
const user = (content: string) => ({ role: "user", content }) as const;

const weatherTool = {
  type: "function",
  function: {
    name: "weather",
    description: "Tells the weather of a city.",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] as string[] },
  },
} as const;
const weatherCall = { id: "call00001", name: "weather", arguments: { city: "Bern" } };

describe("the openai package", () => {
  it("lists and finds models", async () => {
    const { baseURL } = await openService("openai models", ["Yes."]);
    const client = clientOf(baseURL);
    const models = (await client.models.list()).data;
    expect(models[0]).toMatchObject({ id: "kitchen", object: "model", owned_by: "nanoagent" });
    expect(models).toHaveLength(2);
    expect(await client.models.retrieve("kitchen")).toMatchObject({ id: "kitchen" });
    const missing = await client.models.retrieve("gpt-4").catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(NotFoundError);
    expect(missing).toMatchObject({ status: 404, code: "model_not_found", param: "model" });
  });

  it("completes a chat, also without /v1", async () => {
    const { url, engine } = await openService("openai chat", ["Good morning to you."]);
    const reply = await clientOf(url).chat.completions.create({
      model: "kitchen",
      messages: [{ role: "developer", content: "Be brief." }, ...hello],
      stop: "Bye",
      seed: 7,
      max_tokens: 50,
    });
    expect(reply.choices[0]).toMatchObject({
      finish_reason: "stop",
      message: { role: "assistant", content: "Good morning to you." },
    });
    expect(reply.usage).toMatchObject({ prompt_tokens: 2, completion_tokens: 4, total_tokens: 6 });
    expect(reply.usage?.prompt_tokens_details?.cached_tokens).toBe(0);
    expect(engine.requests[0]).toMatchObject({
      instructions: "Be brief.",
      sampling: { stop: ["Bye"], seed: 7, maxTokens: 50 },
    });
  });

  it("streams a chat with usage", async () => {
    const { baseURL } = await openService("openai stream", [{ deltas: ["Good ", "morning ", "to you."] }]);
    const stream = await clientOf(baseURL).chat.completions.create({
      model: "kitchen",
      messages: [...hello],
      stream: true,
      stream_options: { include_usage: true },
    });
    const pieces: string[] = [];
    let usage: unknown = null;
    let reason: unknown = null;
    for await (const { choices, usage: given } of stream) {
      pieces.push(choices[0]?.delta.content ?? "");
      reason ??= choices[0]?.finish_reason;
      usage ??= given;
    }
    expect(pieces.join("")).toBe("Good morning to you.");
    expect(pieces.filter(Boolean)).toHaveLength(3);
    expect(reason).toBe("stop");
    expect(usage).toMatchObject({ completion_tokens: 4, prompt_tokens_details: { cached_tokens: 0 } });
  });

  it("streams from the model alone, again and again", async () => {
    const { baseURL, engine } = await openService("openai model alone", [{ deltas: ["Good ", "morning."] }]);
    const client = clientOf(baseURL);
    const model = (await client.models.list()).data[1]?.id ?? "";
    for (const stream of [true, true, false]) {
      const reply = await client.chat.completions.create({ model, messages: [...hello], stream });
      if (!(Symbol.asyncIterator in reply)) continue;
      let text = "";
      for await (const { choices } of reply) text += choices[0]?.delta.content ?? "";
      expect(text).toBe("Good morning.");
    }
    expect(engine.requests).toHaveLength(3);
  });

  it("accumulates a stream with its own helper", async () => {
    const { baseURL } = await openService("openai stream helper", [{ deltas: ["One moment."], calls: [weatherCall] }]);
    const stream = clientOf(baseURL).chat.completions.stream({
      model: "kitchen",
      messages: [...hello],
      tools: [weatherTool],
    });
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: {
        content: "One moment.",
        tool_calls: [{ id: "call00001", function: { name: "weather", arguments: '{"city":"Bern"}' } }],
      },
    });
  });

  it.each([false, true])("calls tools in two rounds, streamed: %s", async (stream) => {
    const second = { id: "call00002", name: "weather", arguments: { city: "Basel" } };
    const { baseURL, engine } = await openService(`openai tools ${stream}`, [
      { calls: [weatherCall] },
      { calls: [second] },
      "21 degrees in both.",
    ]);
    const asked: string[] = [];
    const tool: RunnableToolFunctionWithParse<{ city: string }> = {
      type: "function",
      function: {
        ...weatherTool.function,
        parse: JSON.parse,
        function: ({ city }) => {
          asked.push(city);
          return `{"data": "21 degrees in ${city}"}`;
        },
      },
    };
    const options = { model: "kitchen", messages: [user("Weather in Bern and Basel?")], tools: [tool] };
    const { completions } = clientOf(baseURL).chat;
    const runner = stream ? completions.runTools({ ...options, stream: true }) : completions.runTools(options);
    expect(await runner.finalContent()).toBe("21 degrees in both.");
    expect(asked).toEqual(["Bern", "Basel"]);
    expect(engine.requests[2]?.messages.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
      "tool",
    ]);
    expect(engine.requests[2]?.tools).toMatchObject([{ name: "weather" }]);
  });

  it("gets JSON of a schema", async () => {
    const schema = { type: "object", properties: { degrees: { type: "integer" } }, required: ["degrees"] };
    const { baseURL, engine } = await openService("openai structured output", ['{"degrees": 21}']);
    const reply = await clientOf(baseURL).chat.completions.parse({
      model: "kitchen",
      messages: [...hello],
      response_format: { type: "json_schema", json_schema: { name: "weather", strict: true, schema } },
    });
    expect(JSON.parse(reply.choices[0]?.message.content ?? "")).toEqual({ degrees: 21 });
    expect(engine.requests[0]?.responseSchema).toEqual(schema);
  });

  it("embeds texts, by its default in base64", async () => {
    const { baseURL } = await openService("openai embeddings", new EmbeddingEngine());
    const client = clientOf(baseURL);
    for (const encoding_format of [undefined, "float"] as const) {
      const { data, usage } = await client.embeddings.create({
        model: "kitchen",
        input: ["warm", "cold weather"],
        ...(encoding_format !== undefined && { encoding_format }),
      });
      expect(data[1]?.embedding[0]).toBeCloseTo(0.6, 6);
      expect(data[1]?.embedding).toHaveLength(3);
      expect(usage.prompt_tokens).toBe(3);
    }
  });

  it("is told that a model has no embeddings, and does not repeat", async () => {
    const { baseURL } = await openService("openai no embeddings", ["Yes."]);
    const error = await clientOf(baseURL)
      .embeddings.create({ model: "kitchen", input: "warm" })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 501, code: "embeddings_not_supported" });
  });

  it("gets a response", async () => {
    const { baseURL, engine } = await openService("openai response", ["Good morning."]);
    const response = await clientOf(baseURL).responses.create({
      model: "kitchen",
      instructions: "Be brief.",
      input: "Good morning",
      max_output_tokens: 30,
    });
    expect(response).toMatchObject({ status: "completed", output_text: "Good morning." });
    expect(response.usage).toMatchObject({ output_tokens: 2, input_tokens_details: { cached_tokens: 0 } });
    expect(engine.requests[0]).toMatchObject({ instructions: "Be brief." });
  });

  it("streams a response with tools in two rounds", async () => {
    const { baseURL, engine } = await openService("openai response stream", [
      { deltas: ["One ", "moment."], calls: [weatherCall] },
      { deltas: ["21 ", "degrees."] },
    ]);
    const client = clientOf(baseURL);
    const tools = [{ type: "function" as const, strict: true, ...weatherTool.function }];
    const input: OpenAI.Responses.ResponseInput = [user("Weather in Bern?")];
    const first = await client.responses.stream({ model: "kitchen", input, tools }).finalResponse();
    expect(first.output.map(({ type }) => type)).toEqual(["message", "function_call"]);
    expect(first.output_text).toBe("One moment.");
    const call = first.output[1] as OpenAI.Responses.ResponseFunctionToolCall;
    expect(JSON.parse(call.arguments)).toEqual({ city: "Bern" });
    input.push(...(first.output as OpenAI.Responses.ResponseInput));
    input.push({ type: "function_call_output", call_id: call.call_id, output: "21" });
    const stream = client.responses.stream({ model: "kitchen", input, tools });
    const deltas: string[] = [];
    stream.on("response.output_text.delta", ({ delta }) => deltas.push(delta));
    const second = await stream.finalResponse();
    expect(deltas).toEqual(["21 ", "degrees."]);
    expect(second.output_text).toBe("21 degrees.");
    expect(engine.requests[1]?.messages).toMatchObject([
      { role: "user" },
      { role: "assistant", content: "One moment.", tool_calls: [{ name: "weather" }] },
      { role: "tool", content: "21" },
    ]);
  });

  it("stops the engine when it aborts a stream", async () => {
    const endless = { deltas: Array.from({ length: 1000 }, () => "again "), delayMilliseconds: 10 };
    const { baseURL, server } = await openService("openai abort", [endless]);
    const stream = await clientOf(baseURL).chat.completions.create({
      model: "kitchen",
      messages: [...hello],
      stream: true,
    });
    for await (const { choices } of stream) if (choices[0]?.delta.content) break;
    await expect
      .poll(async () => (await server.status()).turns, { timeout: 5000 })
      .toMatchObject({ running: 0, aborted: 1 });
  });
});

describe("a client that leaves before a whole reply", () => {
  it("stops the engine", async () => {
    const endless = { deltas: Array.from({ length: 1000 }, () => "again "), delayMilliseconds: 10 };
    const { baseURL, server, engine } = await openService("openai left", [endless]);
    const leaving = new AbortController();
    const asked = clientOf(baseURL).chat.completions.create(
      { model: "kitchen", messages: [...hello] },
      { signal: leaving.signal },
    );
    await expect.poll(() => engine.requests.length).toBe(1);
    leaving.abort();
    await expect(asked).rejects.toThrow(APIUserAbortError);
    const turns = async () => (await server.status()).turns;
    await expect.poll(turns, { timeout: 5000 }).toMatchObject({ running: 0, aborted: 1 });
  });
});

describe("errors of the openai package", () => {
  it("name the field", async () => {
    const { baseURL } = await openService("openai errors", ["Yes."]);
    const client = clientOf(baseURL);
    const error = await client.chat.completions
      .create({ model: "kitchen", messages: [...hello], n: 2 })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ status: 400, type: "invalid_request_error", param: "n" });
    const stored = await client.responses
      .create({ model: "kitchen", input: "Hi", previous_response_id: "resp_1" })
      .catch((thrown: unknown) => thrown);
    expect(stored).toMatchObject({ status: 400, param: "previous_response_id" });
  });

  it("tell that a message is too long, also for a stream", async () => {
    const { baseURL } = await openService("openai context", ["Yes."], { contextTokens: 16 });
    const messages = [user("word ".repeat(100))];
    for (const stream of [false, true]) {
      const error = await clientOf(baseURL)
        .chat.completions.create({ model: "kitchen", messages, stream })
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ status: 400, code: "context_length_exceeded" });
    }
  });

  it("are thrown from the middle of a stream", async () => {
    const error = new EngineError({ code: "engine-crashed", message: "The engine's process ended." });
    const { baseURL } = await openService("openai error in a stream", [{ deltas: ["Good "], error }]);
    const stream = await clientOf(baseURL).chat.completions.create({
      model: "kitchen",
      messages: [...hello],
      stream: true,
    });
    const read = async () => {
      for await (const _chunk of stream);
    };
    await expect(read()).rejects.toThrow(APIError);
  });
});

describe("retries of the openai package", () => {
  /** Listens with a script for each request, and counts requests. */
  async function listenWith(...scripts: (Script | Error)[]) {
    let requests = 0;
    const served = new FakeServedAgent(() => {
      const script = scripts[Math.min(requests, scripts.length - 1)];
      requests += 1;
      if (script instanceof Error) throw script;
      return played(script as readonly AnswerEvent[]);
    });
    const listener = await listenOn(openRouter(openaiRoutes(served), openaiError), { host: "127.0.0.1", port: 0 });
    onTestFinished(() => listener.close(0));
    const client = clientOf(`${listener.url}/v1`);
    const ask = () => client.chat.completions.create({ model: "kitchen", messages: [...hello] });
    return { ask, count: () => requests };
  }

  it("follow a full queue after the given time", async () => {
    const full = new ServiceError({
      code: "queue-full",
      message: "Too many requests wait.",
      status: 429,
      type: "rate_limit_error",
      retrySeconds: 1,
    });
    const { ask, count } = await listenWith(full, said("Yes."));
    const begun = performance.now();
    expect((await ask()).choices[0]?.message.content).toBe("Yes.");
    expect(count()).toBe(2);
    expect(performance.now() - begun).toBeGreaterThan(950);
    const always = await listenWith(full);
    await expect(always.ask()).rejects.toThrow(RateLimitError);
    expect(always.count()).toBe(3);
  });

  it("follow an agent that is not loaded", async () => {
    const { ask, count } = await listenWith(NanoRuntimeError.notLoaded(), said("Yes."));
    await ask();
    expect(count()).toBe(2);
  });

  it.each(["insufficient-memory", "reply-not-valid", "call-missing"] as const)("do not follow %s", async (code) => {
    const { ask, count } = await listenWith(new NanoRuntimeError({ code, message: "No." }));
    await expect(ask()).rejects.toMatchObject({ code: code.replaceAll("-", "_") });
    expect(count()).toBe(1);
  });

  it("do not follow an unexpected failure", async () => {
    const { ask, count } = await listenWith(new Error("secret"));
    await expect(ask()).rejects.toThrow(/^500 /u);
    expect(count()).toBe(1);
  });
});
