import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  ABORT_GRACE_MILLISECONDS,
  type AgentEvent,
  EngineError,
  MAX_MESSAGE_BYTES,
  MAX_WAITING_MESSAGES,
  NanoRuntime,
  NanoRuntimeError,
} from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sampleConfig, sampleDevice } from "./sample-config.js";

async function loaded(options?: ConstructorParameters<typeof NanoRuntime>[0]): Promise<NanoRuntime> {
  const runtime = new NanoRuntime(options);
  await runtime.load(sampleConfig());
  return runtime;
}

async function collect(events: AsyncIterable<AgentEvent>): Promise<AgentEvent[]> {
  const all: AgentEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe("the seed's rules", () => {
  const greeting = "Hello from field-assistant! How can I assist?";
  const status = "Runtime status: OK. Device=linux-aarch64, Memory=4096MB, Cores=4.";
  test.each([
    ["hello", greeting],
    ["HI", greeting],
    ["well, hey there!", greeting],
    ["status", status],
    ["Health?", status],
    ["please ping the device", status],
    ["status hello", greeting],
    ["the status of this machine in a sentence of many words", status],
  ])("%s", async (content, reply) => {
    await using runtime = await loaded();
    expect((await runtime.process({ role: "user", content })).content).toBe(reply);
  });

  test("keywords are whole words", async () => {
    await using runtime = await loaded();
    const reply = await runtime.process("this chip is statuesque, shopping");
    expect(reply.content).not.toMatch(/Hello from|Runtime status/);
  });

  test("five words or fewer get a request for more detail, six get their count and an echo", async () => {
    await using runtime = await loaded();
    expect((await runtime.process("water the big plant now")).content).toMatch(/more.*\?/);
    const reply = await runtime.process("water the big plant right now");
    expect(reply.content).toContain("6 words");
    expect(reply.content).toContain("water the big plant right now");
  });

  test("the echo of a long message is cut at a character boundary", async () => {
    await using runtime = await loaded();
    const { content } = await runtime.process(`a b c d e ${"🌱".repeat(2000)}`);
    expect(content.length).toBeLessThan(1100);
    expect(Buffer.from(content).toString()).toBe(content);
    expect(content.endsWith("…")).toBe(true);
  });
});

describe("load", () => {
  test("rejects more memory than the device has, before any other check", async () => {
    const runtime = new NanoRuntime();
    const loading = runtime.load({
      spec: { name: "bloated-agent", max_memory_mb: 512 },
      device: { ...sampleDevice, memory_mb: 128 },
      model_path: "/no/such/model",
      engine: { type: "llama" },
    });
    await expect(loading).rejects.toThrow("Agent requires 512 MB but device only has 128 MB.");
    await expect(loading).rejects.toBeInstanceOf(NanoRuntimeError);
    await expect(loading).rejects.toMatchObject({ code: "insufficient-memory" });
    await expect(runtime.process("hello")).rejects.toMatchObject({ code: "not-loaded" });
  });

  test("exactly the device's memory is allowed", async () => {
    await using runtime = new NanoRuntime();
    await runtime.load(sampleConfig({ spec: { name: "a", max_memory_mb: 4096 } }));
    await expect(runtime.process("hello")).resolves.toMatchObject({ role: "assistant" });
  });

  test("fails if called twice, and the first agent continues", async () => {
    await using runtime = await loaded();
    await expect(runtime.load(sampleConfig())).rejects.toMatchObject({ code: "already-loaded" });
    await expect(runtime.process("hello")).resolves.toBeDefined();
  });

  test("rejects an invalid config with its issues", async () => {
    const config = { spec: { name: "" }, device: sampleDevice };
    await expect(new NanoRuntime().load(config)).rejects.toMatchObject({
      code: "invalid-data",
      issues: [{ path: ["spec", "name"] }],
    });
  });

  test("rejects a llama engine without a model", async () => {
    const loading = new NanoRuntime().load(sampleConfig({ engine: { type: "llama" } }));
    await expect(loading).rejects.toBeInstanceOf(EngineError);
    await expect(loading).rejects.toMatchObject({ code: "engine-unavailable" });
  });

  test("reports keys that have no effect", async () => {
    await using runtime = new NanoRuntime();
    await runtime.load(sampleConfig({ instructions: "Be kind.", engine: { type: "rules", context: 512 } }));
    expect(runtime.notices).toEqual([
      '"instructions" has no effect on the rules engine.',
      '"engine.context" has no effect on the rules engine.',
    ]);
  });

  describe("with a model file", () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), "nanoagent-model-"));
      await writeFile(path.join(folder, "small.gguf"), "GGUF");
      await writeFile(path.join(folder, "large.gguf"), "GGUF");
      await truncate(path.join(folder, "large.gguf"), 2 ** 20 + 1);
    });
    afterAll(() => rm(folder, { recursive: true }));

    const withModel = (name: string, megabytes: number) =>
      sampleConfig({ spec: { name: "a", max_model_size_mb: megabytes }, model_path: path.join(folder, name) });

    test("rejects one byte more than max_model_size_mb", async () => {
      await expect(new NanoRuntime().load(withModel("large.gguf", 1))).rejects.toMatchObject({
        code: "model-too-large",
      });
      await expect(new NanoRuntime().load(withModel("large.gguf", 2))).rejects.not.toMatchObject({
        code: "model-too-large",
      });
    });

    test("rejects a file that is not a model before native code reads it", async () => {
      await expect(new NanoRuntime().load(withModel("small.gguf", 1))).rejects.toMatchObject({
        code: "invalid-model-file",
      });
    });

    test("rejects a file outside model_root, also through a link", async () => {
      const inside = path.join(folder, "models");
      await mkdir(inside);
      await symlink(path.join(folder, "small.gguf"), path.join(inside, "link.gguf"));
      for (const name of ["small.gguf", "models/link.gguf", "models/../small.gguf"]) {
        const loading = new NanoRuntime().load({ ...withModel(name, 1), model_root: inside });
        await expect(loading).rejects.toMatchObject({ code: "model-outside-root" });
      }
      const within = new NanoRuntime().load({ ...withModel("small.gguf", 1), model_root: folder });
      await expect(within).rejects.toMatchObject({ code: "invalid-model-file" });
    });

    test.each([
      ["missing.gguf", "model-not-found"],
      ["small.gguf/inside", "model-not-found"],
      [".", "model-unreadable"],
    ])("rejects %s with %s", async (name, code) => {
      await expect(new NanoRuntime().load(withModel(name, 1))).rejects.toMatchObject({ code });
    });
  });
});

describe("a turn", () => {
  test("adds the message and its reply to the history", async () => {
    await using runtime = await loaded();
    const timestamp = "2026-01-31T12:00:00Z";
    const reply = await runtime.process({ role: "user", content: "hello", timestamp });
    expect(runtime.history).toEqual([{ role: "user", content: "hello", timestamp }, reply]);
    expect(reply.role).toBe("assistant");
    expect(new Date(reply.timestamp).toISOString()).toBe(reply.timestamp);
  });

  test("streams its events in order", async () => {
    await using runtime = await loaded({ engine: new ScriptedEngine([{ deltas: ["one ", "two"] }]) });
    const events = await collect(runtime.stream("count"));
    expect(events.map(({ type }) => type)).toEqual(["run-start", "text-delta", "text-delta", "step-end", "run-end"]);
    expect(events.at(-1)).toMatchObject({
      reply: { content: "one two" },
      reason: "stop",
      usage: { prompt_tokens: 1, completion_tokens: 2 },
    });
  });

  test("before load and after unload fails with not-loaded", async () => {
    const runtime = new NanoRuntime();
    await expect(runtime.process("hello")).rejects.toMatchObject({ code: "not-loaded" });
    await runtime.load(sampleConfig());
    await runtime.process("hello");
    await runtime.unload();
    await expect(runtime.process("hello")).rejects.toMatchObject({ code: "not-loaded" });
    expect(await collect(runtime.stream("hello"))).toMatchObject([{ type: "error", error: { code: "not-loaded" } }]);
    expect(runtime.history).toHaveLength(2);
  });

  test("starts a new history with the next load", async () => {
    const runtime = await loaded();
    await runtime.process("hello");
    await runtime.unload();
    await runtime.load(sampleConfig());
    expect(runtime.history).toEqual([]);
    await runtime.unload();
  });

  test("accepts an empty message, and one at the limit; rejects one byte more", async () => {
    await using runtime = await loaded();
    await expect(runtime.process("")).resolves.toBeDefined();
    await expect(runtime.process("x".repeat(MAX_MESSAGE_BYTES))).resolves.toBeDefined();
    await expect(runtime.process("x".repeat(MAX_MESSAGE_BYTES + 1))).rejects.toMatchObject({
      code: "message-too-large",
    });
    await expect(runtime.process("ü".repeat(MAX_MESSAGE_BYTES / 2 + 1))).rejects.toMatchObject({
      code: "message-too-large",
    });
    expect(runtime.history).toHaveLength(4);
  });

  test.each([
    [{ role: "assistant", content: "hello" }],
    [{ role: "nobody", content: "hello" }],
    [{ role: "user", content: 5 }],
    [{ role: "user", content: "hello", timestamp: "yesterday" }],
    [{ role: "user", content: "hello", extra: 1 }],
    [null],
  ])("rejects %j", async (message) => {
    await using runtime = await loaded();
    await expect(runtime.process(message as never)).rejects.toMatchObject({ code: "invalid-message" });
    expect(runtime.history).toEqual([]);
  });

  test("passes the instructions and the conversation to the engine", async () => {
    const engine = new ScriptedEngine(["first", "second"]);
    await using runtime = new NanoRuntime({ engine });
    await runtime.load(sampleConfig({ instructions: "Be brief." }));
    await runtime.process("one");
    await runtime.process("two");
    expect(engine.requests[1]).toMatchObject({
      instructions: "Be brief.",
      messages: [
        { role: "user", content: "one" },
        { role: "assistant", content: "first" },
        { role: "user", content: "two" },
      ],
    });
  });
});

describe("several messages at once", () => {
  const slow = () => new ScriptedEngine(["1", "2", "3"].map((digit) => ({ deltas: [digit], delayMilliseconds: 5 })));

  test("are answered in order", async () => {
    await using runtime = await loaded({ engine: slow() });
    const replies = await Promise.all(["a", "b", "c"].map((content) => runtime.process(content)));
    expect(replies.map((reply) => reply.content)).toEqual(["1", "2", "3"]);
    expect(runtime.history.map((message) => message.content)).toEqual(["a", "1", "b", "2", "c", "3"]);
  });

  test("an abort of a waiting message does not affect the others", async () => {
    await using runtime = await loaded({ engine: slow() });
    const abort = new AbortController();
    const turns = [runtime.process("a"), runtime.process("b", { signal: abort.signal }), runtime.process("c")];
    abort.abort();
    await expect(turns[1]).rejects.toMatchObject({ code: "aborted" });
    await Promise.all([turns[0], turns[2]]);
    expect(runtime.history.map((message) => message.content)).toEqual(["a", "1", "c", "2"]);
  });

  test("too many are rejected", async () => {
    await using runtime = await loaded({ engine: slow() });
    const turns = Array.from({ length: MAX_WAITING_MESSAGES + 2 }, () => runtime.process("a"));
    const results = await Promise.allSettled(turns);
    const refused = results.filter((result) => result.status === "rejected");
    expect(refused).toMatchObject([{ reason: { code: "too-many-messages" } }]);
  });

  test("two runtimes can share one engine, which stays open", async () => {
    const engine = slow();
    const first = await loaded({ engine });
    const second = await loaded({ engine });
    await Promise.all([first.process("a"), second.process("b")]);
    await first.unload();
    await expect(second.process("c")).resolves.toBeDefined();
    await second.unload();
  });
});

describe("an abort", () => {
  const endless = () =>
    new ScriptedEngine([{ deltas: Array.from({ length: 1000 }, (_, index) => `${index} `), delayMilliseconds: 2 }]);

  test("in the middle keeps the shown text, and the next message is answered", async () => {
    await using runtime = await loaded({ engine: endless() });
    const abort = new AbortController();
    const events: AgentEvent[] = [];
    for await (const event of runtime.stream("go", { signal: abort.signal })) {
      events.push(event);
      if (events.length === 3) abort.abort();
    }
    const reply = { role: "assistant", content: "0 1 ", ended: "interrupted" };
    expect(events.at(-1)).toMatchObject({ type: "error", error: { code: "aborted" }, reply });
    expect(runtime.history).toMatchObject([{ role: "user", content: "go" }, reply]);
    for await (const event of runtime.stream("again")) if (event.type === "text-delta") break;
  });

  test("before the call keeps the message from the engine", async () => {
    const engine = endless();
    await using runtime = await loaded({ engine });
    await expect(runtime.process("go", { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
    expect(engine.requests).toEqual([]);
  });

  test("happens when a caller stops reading", async () => {
    const engine = endless();
    await using runtime = await loaded({ engine });
    for await (const event of runtime.stream("go")) if (event.type === "text-delta") break;
    expect(runtime.history).toMatchObject([{ content: "go" }, { content: "0 ", ended: "interrupted" }]);
    expect(engine.requests).toHaveLength(1);
  });

  test("happens at unload, which rejects waiting messages", async () => {
    const runtime = await loaded({ engine: endless() });
    const turns = [runtime.process("a"), runtime.process("b")];
    const results = Promise.allSettled(turns);
    await new Promise((resolve) => setTimeout(resolve, 10));
    await runtime.unload();
    expect(await results).toMatchObject([{ reason: { code: "aborted" } }, { reason: { code: "not-loaded" } }]);
    expect(runtime.history).toMatchObject([{ content: "a" }, { ended: "interrupted" }]);
    await runtime.unload();
  });

  test("at unload waits at most half a second for a reader that has stopped", async () => {
    const engine = endless();
    const runtime = await loaded({ engine });
    const events = runtime.stream("a");
    await events.next();
    const waiting = runtime.process("b").catch((error) => error);
    const began = performance.now();
    await runtime.unload();
    const milliseconds = performance.now() - began;
    expect(milliseconds).toBeGreaterThan(2 * ABORT_GRACE_MILLISECONDS - 20);
    expect(milliseconds).toBeLessThan(2 * ABORT_GRACE_MILLISECONDS + 1500);
    expect(await waiting).toMatchObject({ code: "not-loaded" });
    // A reader that continues finds its turn ended, and none of it reaches the newly loaded agent.
    await runtime.load(sampleConfig());
    const rest: AgentEvent[] = [];
    for await (const event of events) rest.push(event);
    expect(rest).toMatchObject([{ type: "error", error: { code: "aborted" } }]);
    expect(runtime.history).toEqual([]);
    expect(engine.requests.length).toBeLessThanOrEqual(1);
    await runtime.unload();
  });

  test("at unload during load leaves nothing loaded", async () => {
    const runtime = new NanoRuntime();
    const loading = runtime.load(sampleConfig());
    await runtime.unload();
    await loading;
    await expect(runtime.process("hello")).rejects.toMatchObject({ code: "not-loaded" });
  });
});

describe("a stream", () => {
  test("ends with its last event: the next message can be sent while that is handled", async () => {
    await using runtime = await loaded();
    let next = "";
    for await (const event of runtime.stream("hello"))
      if (event.type === "run-end") next = (await runtime.process("status")).content;
    expect(next).toContain("Runtime status");
    const failing = runtime.stream({ role: "nobody" } as never);
    expect((await failing.next()).value).toMatchObject({ type: "error" });
    await runtime.process("hello");
  });

  test("aborts a silent engine when it is returned", async () => {
    const engine = new ScriptedEngine([{ deltas: ["late"], delayMilliseconds: 60_000 }, "Yes."]);
    await using runtime = await loaded({ engine });
    const events = runtime.stream("one");
    await events.next();
    const pending = events.next();
    while (engine.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await events.return();
    await pending;
    expect((await runtime.process("two")).content).toBe("Yes.");
    expect(runtime.history.map(({ content }) => content)).toEqual(["two", "Yes."]);
  });

  test("never starts if it is returned while it waits", async () => {
    const engine = new ScriptedEngine([{ deltas: ["1"], delayMilliseconds: 20 }, "2"]);
    await using runtime = await loaded({ engine });
    const first = runtime.process("a");
    const waiting = runtime.stream("b");
    const pending = waiting.next();
    await waiting.return();
    await pending;
    await first;
    await runtime.process("c");
    expect(engine.requests.map(({ messages }) => messages.at(-1)?.content)).toEqual(["a", "c"]);
  });

  test.each([null, { signal: undefined }])("accepts %j as options", async (options) => {
    await using runtime = await loaded();
    expect((await collect(runtime.stream("hello", options as never))).at(-1)).toMatchObject({ type: "run-end" });
  });
});

test("the history cannot be changed from outside", async () => {
  const engine = Object.assign(new ScriptedEngine(["Yes."]), {
    async *generate(request: { messages: unknown[] }) {
      request.messages.splice(0);
      yield { type: "end", reason: "stop" };
    },
  });
  await using runtime = await loaded({ engine: engine as never });
  const reply = await runtime.process("hello");
  expect(() => Object.assign(reply, { content: "EVIL" })).toThrow(TypeError);
  expect(() => Object.assign(runtime.history[0] ?? {}, { content: "EVIL" })).toThrow(TypeError);
  expect(runtime.history.map(({ content }) => content)).toEqual(["hello", ""]);
});

test("an abort ends a turn whose engine never finishes counting tokens", async () => {
  const engine = Object.assign(new ScriptedEngine([], { contextTokens: 100 }), {
    countTokens: () => new Promise<number>(() => {}),
  });
  await using runtime = await loaded({ engine });
  await expect(runtime.process("hello", { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
    code: "aborted",
  });
});

test("many messages can share one signal", async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on("warning", listen);
  await using runtime = await loaded();
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 60 }, () => runtime.process("hello", { signal })));
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listen);
  expect(warnings).toEqual([]);
});

test("a signal that outlives many turns does not accumulate listeners", async () => {
  await using runtime = await loaded();
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...parts: Parameters<typeof add>) => {
    listeners += 1;
    add(...parts);
  };
  signal.removeEventListener = (...parts: Parameters<typeof remove>) => {
    listeners -= 1;
    remove(...parts);
  };
  for (let turn = 0; turn < 10; turn++) await runtime.process("hello", { signal });
  expect(listeners).toBe(0);
});
