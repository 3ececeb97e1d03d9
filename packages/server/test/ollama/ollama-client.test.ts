import { type ChatResponse, type Message, Ollama, type Tool } from "ollama";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Listener, listenOn } from "../../src/http/node-listener.js";
import { openRouter } from "../../src/http/router.js";
import { ollamaError } from "../../src/ollama/ollama-error.js";
import { ollamaRoutes } from "../../src/ollama/ollama-routes.js";
import { recorded } from "../openai/record-traffic.js";
import { events, FakeServedAgent, replyOf } from "./fake-served-agent.js";

let served: FakeServedAgent;
let listener: Listener;
let ollama: Ollama;
let endRecording: () => void;

beforeEach(async () => {
  served = new FakeServedAgent();
  listener = await listenOn(openRouter(ollamaRoutes(served), ollamaError), { host: "127.0.0.1", port: 0 });
  const { url, close } = await recorded(listener.url, expect.getState().currentTestName ?? "ollama");
  ollama = new Ollama({ host: url });
  endRecording = close;
});

afterEach(async () => {
  endRecording();
  await listener.close(0);
});

const lamp: Tool = {
  type: "function",
  function: {
    name: "lamp_on",
    description: "Turns a lamp on.",
    parameters: { type: "object", properties: { room: { type: "string" } }, required: ["room"] },
  },
};

async function collect(stream: AsyncIterable<ChatResponse>): Promise<{ message: Message; last: ChatResponse }> {
  const message: Message = { role: "assistant", content: "" };
  let last: ChatResponse | undefined;
  for await (const part of stream) {
    message.content += part.message.content;
    if (part.message.tool_calls) message.tool_calls = [...(message.tool_calls ?? []), ...part.message.tool_calls];
    last = part;
  }
  return { message, last: last as ChatResponse };
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

describe("Ollama's JavaScript client", () => {
  test("lists, shows and checks models, and reads the version", async () => {
    expect((await ollama.list()).models.map(({ name }) => name)).toEqual(["house:latest", "smollm2:135m"]);
    expect((await ollama.ps()).models.map(({ model }) => model)).toEqual(["house:latest", "smollm2:135m"]);
    const shown = await ollama.show({ model: "house" });
    expect(shown.capabilities).toEqual(["completion", "tools"]);
    expect(shown.details.family).toBe("llama");
    expect(await ollama.version()).toEqual({ version: "1.0.0-nanoagent.0.1.0" });
  });

  test("chats with tools in two rounds", async () => {
    served.script = ({ message }) =>
      typeof message === "string"
        ? events([], { calls: [{ id: "own_1", name: "lamp_on", arguments: { room: "hall" } }] })
        : events(["The lamp ", "is on."]);
    const messages: Message[] = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Light in the hall!" },
    ];
    const first = await collect(await ollama.chat({ model: "house", messages, tools: [lamp], stream: true }));
    const [call] = first.message.tool_calls ?? [];
    expect(call?.function).toMatchObject({ name: "lamp_on", arguments: { room: "hall" } });
    messages.push(first.message, { role: "tool", tool_name: "lamp_on", content: '{"success":true}' });
    const second = await collect(await ollama.chat({ model: "house", messages, tools: [lamp], stream: true }));
    expect(second.message).toEqual({ role: "assistant", content: "The lamp is on." });
    expect(second.last).toMatchObject({ done: true, done_reason: "stop", prompt_eval_count: 7, eval_count: 3 });
    expect(served.asks[1]).toMatchObject({
      instructions: "Be brief.",
      before: [{ role: "user" }, { role: "assistant", tool_calls: [{ id: "own_1", name: "lamp_on" }] }],
      message: { role: "tool", results: [{ tool_call_id: "own_1", content: '{"success":true}' }] },
    });
  });

  test("chats in one piece, with a schema and options", async () => {
    served.script = () => events(['{"age":', "7}"]);
    const schema = { type: "object", properties: { age: { type: "integer" } }, required: ["age"] };
    const reply = await ollama.chat({
      model: "house",
      messages: [{ role: "user", content: "How old?" }],
      format: schema,
      think: false,
      keep_alive: "5m",
      options: { temperature: 0, num_ctx: 8192, num_predict: 20, stop: ["\n"] },
    });
    expect(JSON.parse(reply.message.content)).toEqual({ age: 7 });
    expect(served.asks[0]).toMatchObject({
      responseSchema: schema,
      sampling: { temperature: 0, maxTokens: 20, stop: ["\n"] },
    });
  });

  test("generates, streamed and not", async () => {
    served.script = () => events(["Blue", "."]);
    expect((await ollama.generate({ model: "house", prompt: "Sky?" })).response).toBe("Blue.");
    let text = "";
    for await (const part of await ollama.generate({ model: "house", prompt: "Sky?", stream: true })) {
      text += part.response;
    }
    expect(text).toBe("Blue.");
    expect((await ollama.generate({ model: "house", prompt: "" })).done_reason).toBe("load");
  });

  test("embeds texts", async () => {
    const reply = await ollama.embed({ model: "house", input: ["one two", "three"] });
    expect(reply).toMatchObject({
      model: "house",
      embeddings: [
        [0.6, 0.8],
        [0.6, 0.8],
      ],
      prompt_eval_count: 3,
    });
    expect((await ollama.embeddings({ model: "house", prompt: "one" })).embedding).toEqual([0.6, 0.8]);
  });

  test("pulls what is served, streamed and not", async () => {
    expect(await ollama.pull({ model: "house" })).toEqual({ status: "success" });
    const statuses = [];
    for await (const { status } of await ollama.pull({ model: "house", stream: true })) statuses.push(status);
    expect(statuses).toEqual(["success"]);
  });

  test("gets errors that say what to do", async () => {
    const notFound = { status_code: 404, message: expect.stringContaining("model 'qwen3' not found") };
    await expect(ollama.pull({ model: "qwen3" })).rejects.toMatchObject(notFound);
    await expect(ollama.show({ model: "qwen3" })).rejects.toMatchObject(notFound);
    const refused = { status_code: 400, message: expect.stringMatching(/^This service cannot /) };
    await expect(ollama.delete({ model: "house" })).rejects.toMatchObject(refused);
    await expect(ollama.copy({ source: "house", destination: "home" })).rejects.toMatchObject(refused);
    await expect(ollama.create({ model: "home", from: "house" })).rejects.toMatchObject(refused);
    await expect(ollama.push({ model: "house" })).rejects.toMatchObject(refused);
    served.script = async function* () {
      yield { type: "text-delta" as const, text: "Half" };
      yield { type: "error" as const, error: new TypeError("/home/me/secret") as never };
    };
    const messages = [{ role: "user", content: "Hi" }];
    const failing = collect(await ollama.chat({ model: "house", messages, stream: true }));
    await expect(failing).rejects.toThrow("The agent failed (unexpected).");
    await expect(ollama.chat({ model: "house", messages })).rejects.toMatchObject({ status_code: 500 });
  });

  test("ends the turn when it aborts a stream", async () => {
    served.script = async function* (_ask, signal) {
      yield { type: "text-delta", text: "And " };
      await untilAborted(signal);
      yield { type: "run-end", reply: replyOf("And "), reason: "abort", usage: null };
    };
    const stream = await ollama.chat({ model: "house", messages: [{ role: "user", content: "Count!" }], stream: true });
    const parts: string[] = [];
    const reading = (async () => {
      for await (const part of stream) {
        parts.push(part.message.content);
        ollama.abort();
      }
    })();
    await expect(reading).rejects.toThrow(/abort/i);
    expect(parts).toEqual(["And "]);
    await untilAborted(served.signals[0] as AbortSignal);
  });
});
