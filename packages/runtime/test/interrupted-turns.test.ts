import type { AgentMessage } from "@nanoagent/models";
import { type AgentEvent, defineTool, type EngineEvent, type EngineRequest, NanoRuntime } from "@nanoagent/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EngineError } from "../src/engines/engine-error.js";
import { sampleConfig } from "./sample-config.js";
import { temporaryFolder } from "./temporary-folder.js";

const waiting = defineTool({
  name: "look",
  description: "Looks",
  changesWorld: false,
  run: () => "seen",
});

type Step = { texts: string[]; ends: "reply" | "call" | "error" | "break" };

/** An engine that plays the steps in order, and then repeats the last one. */
function engineOf(steps: readonly Step[]) {
  let count = 0;
  return {
    name: "scripted",
    contextTokens: null,
    countTokens: (text: string) => text.length,
    close: async () => {},
    async *generate(_: EngineRequest, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<EngineEvent> {
      const step = steps[Math.min(count++, steps.length - 1)] ?? { texts: [], ends: "reply" };
      for (const text of step.texts) {
        if (signal?.aborted) break;
        yield { type: "text-delta", text };
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (signal?.aborted) yield { type: "end", reason: "abort" };
      else if (step.ends === "error") {
        yield { type: "error", error: new EngineError({ code: "engine-failed", message: "It broke." }) };
      } else if (step.ends === "call") {
        yield { type: "tool-call", call: { id: `call-${count}`, name: "look", arguments: {} } };
        yield { type: "end", reason: "tool-calls" };
      } else if (step.ends === "reply") yield { type: "end", reason: "stop" };
    },
  };
}

const steps = fc.array(
  fc.record({
    texts: fc.array(fc.string({ maxLength: 8 }), { maxLength: 4 }),
    ends: fc.constantFrom<Step["ends"]>("reply", "call", "call", "error", "break"),
  }),
  { minLength: 1, maxLength: 4 },
);

/** Returns the assistant's text in these messages, without text that the program adds. */
function saidIn(messages: readonly AgentMessage[]): string {
  return messages
    .filter(({ role, content }) => role === "assistant" && !content.startsWith("(This reply was interrupted"))
    .map(({ content }) => content)
    .join("");
}

describe("the shown part of a turn is kept", () => {
  test("if the turn is aborted, abandoned or fails, in memory and on disk", async () => {
    const dir = await temporaryFolder();
    const run = async (script: Step[], stopAfter: number, way: "abort" | "leave" | "wait", number: number) => {
      const config = sampleConfig({
        spec: { name: "a", capabilities: ["look"] },
        session: { dir: `${dir}/${number}` },
      });
      const runtime = new NanoRuntime({ engine: engineOf(script), tools: [waiting] });
      await runtime.load(config);
      const turn = new AbortController();
      let shown = "";
      let count = 0;
      let last: AgentEvent | null = null;
      for await (const event of runtime.stream("go", { signal: turn.signal })) {
        last = event;
        if (event.type === "text-delta") shown += event.text;
        if (++count < stopAfter) continue;
        if (way === "abort") turn.abort();
        if (way === "leave") break;
      }
      const { history } = runtime;
      expect(saidIn(history)).toBe(shown.trim() === "" && last?.type !== "run-end" ? "" : shown);
      if (shown.trim() !== "") {
        expect(history[0]).toMatchObject({ role: "user", content: "go" });
        expect(history.at(-1)).toMatchObject({ role: "assistant" });
        const called = history.flatMap(({ tool_calls = [] }) => tool_calls.map(({ id }) => id));
        expect(history.flatMap(({ tool_call_id = [] }) => tool_call_id)).toEqual(called);
        if (last?.type === "error") expect(last.reply).toEqual(history.at(-1));
        if (last?.type !== "run-end") expect(history.at(-1)?.ended).toBe("interrupted");
      }
      await runtime.process("and now?").catch(() => {});
      const all = runtime.history;
      await runtime.unload();
      await using again = new NanoRuntime();
      await again.load(config);
      expect(again.history).toEqual(all);
    };
    let number = 0;
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 12 }), fc.constantFrom("abort", "leave", "wait"), (...args) =>
        run(args[0], args[1], args[2] as "abort", ++number),
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  test("if the turn reaches its time limit", async () => {
    await using runtime = new NanoRuntime({ engine: slow(["One, ", "two, "]) });
    await runtime.load(sampleConfig());
    await expect(runtime.process("count", { limits: { maxMilliseconds: 50 } })).rejects.toMatchObject({
      code: "time-limit",
    });
    expect(runtime.history).toMatchObject([{ content: "count" }, { content: "One, two, ", ended: "interrupted" }]);
  });

  test("unless the reply had a schema, because part of a JSON value is not a value", async () => {
    await using runtime = new NanoRuntime({ engine: slow(['{"a', '": 1']) });
    await runtime.load(sampleConfig());
    const options = { responseSchema: { type: "object" }, limits: { maxMilliseconds: 50 } };
    await expect(runtime.process("count", options)).rejects.toMatchObject({ code: "time-limit" });
    expect(runtime.history).toEqual([]);
  });
});

/** An engine that sends these texts and then nothing, until it is aborted. */
function slow(texts: readonly string[]) {
  return {
    name: "slow",
    contextTokens: null,
    countTokens: (text: string) => text.length,
    close: async () => {},
    async *generate(_: EngineRequest, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<EngineEvent> {
      for (const text of texts) yield { type: "text-delta", text };
      await new Promise((resolve) => signal?.addEventListener("abort", resolve));
      yield { type: "end", reason: "abort" };
    },
  };
}

describe("an endless reply", () => {
  const endless = (piece: () => string, type: "text-delta" | "reasoning-delta" = "text-delta") => ({
    ...slow([]),
    contextTokens: 512,
    async *generate(): AsyncGenerator<EngineEvent> {
      for (;;) yield { type, text: piece() };
    },
  });
  let count = 0;

  test.each([
    ["that repeats itself", () => "I am sorry. ", "repetition"],
    ["that exceeds the context", () => `${count++} `, "length"],
  ])("%s is stopped with its own reason", async (_, piece, reason) => {
    await using runtime = new NanoRuntime({ engine: endless(piece) });
    await runtime.load(sampleConfig());
    let end: AgentEvent | null = null;
    for await (const event of runtime.stream("go")) end = event;
    expect(end).toMatchObject({ type: "run-end", reason, reply: { ended: "length" } });
    expect(runtime.history.at(-1)).toMatchObject({ ended: "length" });
    // The engine reports no usage, so the texts are counted.
    const written = runtime.history.at(-1)?.content.length;
    expect(end).toMatchObject({ usage: { prompt_tokens: expect.any(Number), completion_tokens: written } });
  });

  test("has the usage that its engine reports when it is stopped", async () => {
    const usage = { prompt_tokens: 12, completion_tokens: 34 };
    const engine = {
      ...slow([]),
      async *generate(_: EngineRequest, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<EngineEvent> {
        while (!signal?.aborted) yield { type: "text-delta", text: "I am sorry. " };
        yield { type: "usage", usage };
        yield { type: "end", reason: "abort" };
      },
    };
    await using runtime = new NanoRuntime({ engine });
    await runtime.load(sampleConfig());
    let end: AgentEvent | null = null;
    for await (const event of runtime.stream("go")) end = event;
    expect(end).toMatchObject({ type: "run-end", reason: "repetition", usage });
  });

  test("of reasoning alone has a step-end with its usage before the error", async () => {
    const usage = { prompt_tokens: 12, completion_tokens: 34 };
    const engine = {
      ...slow([]),
      async *generate(): AsyncGenerator<EngineEvent> {
        yield { type: "reasoning-delta", text: "Hm." };
        yield { type: "usage", usage };
        yield { type: "end", reason: "length" };
      },
    };
    await using runtime = new NanoRuntime({ engine });
    await runtime.load(sampleConfig());
    const events: AgentEvent[] = [];
    for await (const event of runtime.stream("go")) events.push(event);
    expect(events.slice(-2)).toMatchObject([
      { type: "step-end", step: 1, reason: "length", usage },
      { type: "error", error: { code: "reply-only-thought" } },
    ]);
  });

  test("is stopped while the model is reasoning", async () => {
    await using runtime = new NanoRuntime({ engine: endless(() => "Hm, hm. ", "reasoning-delta") });
    await runtime.load(sampleConfig());
    await expect(runtime.process("go")).resolves.toMatchObject({ content: "", ended: "length" });
  });
});

test("sampling of the config applies to every message, and a message's own options override it", async () => {
  const requests: EngineRequest[] = [];
  const engine = {
    ...slow([]),
    async *generate(request: EngineRequest): AsyncGenerator<EngineEvent> {
      requests.push(request);
      yield { type: "text-delta", text: "Yes." };
      yield { type: "end", reason: "stop" };
    },
  };
  await using runtime = new NanoRuntime({ engine });
  const sampling = { temperature: 0, top_p: 0.5, top_k: 3, min_p: 0.1, repeat_penalty: 1.2, seed: 4, max_tokens: 9 };
  await runtime.load(sampleConfig({ sampling: { ...sampling, stop: ["END"] } }));
  await runtime.process("one");
  await runtime.process("two", { sampling: { maxTokens: 20, stop: [] } });
  const data = { temperature: 0, topP: 0.5, topK: 3, minP: 0.1, repeatPenalty: 1.2, seed: 4 };
  expect(requests.map((request) => request.sampling)).toEqual([
    { ...data, maxTokens: 9, stop: ["END"] },
    { ...data, maxTokens: 20, stop: [] },
  ]);
});
