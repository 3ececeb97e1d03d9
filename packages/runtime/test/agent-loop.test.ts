import {
  defineTool,
  type Engine,
  EngineError,
  type EngineEvent,
  NanoRuntime,
  type NanoRuntimeOptions,
} from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { describe, expect, test } from "vitest";
import { sampleConfig } from "./sample-config.js";

function engineOf(generate: () => AsyncIterable<EngineEvent>): Engine {
  return { name: "broken", contextTokens: null, generate, countTokens: (text) => text.length, close: async () => {} };
}

async function* eventsOf(event: unknown): AsyncGenerator<EngineEvent> {
  yield event as EngineEvent;
  yield { type: "end", reason: "stop" };
}

async function loadedWith(engine: Engine, options: NanoRuntimeOptions = {}): Promise<NanoRuntime> {
  const runtime = new NanoRuntime({ engine, ...options });
  await runtime.load(sampleConfig());
  return runtime;
}

describe("an engine that breaks its contract ends the turn with an error", () => {
  const broken: Record<string, [() => AsyncIterable<EngineEvent>, code: string]> = {
    "by throwing": [
      () => {
        throw new Error("boom");
      },
      "engine-failed",
    ],
    "by throwing later": [
      async function* () {
        yield { type: "text-delta", text: "a" };
        throw new Error("boom");
      },
      "engine-failed",
    ],
    "by stopping without an end": [
      async function* () {
        yield { type: "text-delta", text: "a" };
      },
      "engine-failed",
    ],
    "by an unknown event": [
      async function* () {
        yield { type: "surprise" } as never;
      },
      "engine-failed",
    ],
    "by a text event without text": [() => eventsOf({ type: "text-delta" }), "engine-failed"],
    "by a text that is a number": [() => eventsOf({ type: "text-delta", text: 5 }), "engine-failed"],
    "by an end without a reason": [() => eventsOf({ type: "end" }), "engine-failed"],
    "by an unknown end reason": [() => eventsOf({ type: "end", reason: "bored" }), "engine-failed"],
    "by an abort without a request": [() => eventsOf({ type: "end", reason: "abort" }), "engine-failed"],
    "by a usage that is not a number": [
      () => eventsOf({ type: "usage", usage: { prompt_tokens: Number.NaN } }),
      "engine-failed",
    ],
    "by a call without a name": [() => eventsOf({ type: "tool-call", call: { id: "1" } }), "engine-failed"],
    "by nothing": [() => eventsOf(null), "engine-failed"],
    "by a piece of text that is too large": [
      () => eventsOf({ type: "text-delta", text: "x".repeat(2 ** 20 + 1) }),
      "reply-too-large",
    ],
    "by endless calls": [
      async function* () {
        for (;;) yield { type: "tool-call", call: { id: "1", name: "t", arguments: {} } };
      },
      "reply-too-large",
    ],
  };
  test.each(Object.entries(broken))("%s", async (_, [generate, code]) => {
    await using runtime = await loadedWith(engineOf(generate));
    const shown: string[] = [];
    let error: unknown;
    for await (const event of runtime.stream("hello")) {
      if (event.type === "text-delta") shown.push(event.text);
      if (event.type === "error") error = event.error;
    }
    expect(error).toMatchObject({ code });
    // The text that was shown stays, and nothing else.
    const kept = { role: "assistant", content: shown.join(""), ended: "interrupted" };
    expect(runtime.history).toMatchObject(shown.length === 0 ? [] : [{ content: "hello" }, kept]);
  });

  test("by ignoring an abort: the turn still ends", async () => {
    await using runtime = await loadedWith(
      engineOf(async function* () {
        await new Promise(() => {});
      }),
    );
    const abort = new AbortController();
    const turn = runtime.process("hello", { signal: abort.signal });
    setTimeout(() => abort.abort(), 5);
    await expect(turn).rejects.toMatchObject({ code: "aborted" });
  });
});

test("an engine's own error reaches the caller unchanged", async () => {
  const error = new EngineError({ code: "engine-failed", message: "The model is gone." });
  await using runtime = await loadedWith(new ScriptedEngine([{ deltas: ["so far"], error }]));
  await expect(runtime.process("hello")).rejects.toBe(error);
});

test("a call of an unknown tool gets a result, and the engine continues", async () => {
  const engine = new ScriptedEngine([
    { deltas: ["Let me look."], calls: [{ id: "1", name: "moisture", arguments: { bed: 3 } }] },
    "I cannot.",
  ]);
  await using runtime = await loadedWith(engine);
  const events = [];
  for await (const event of runtime.stream("how dry is bed 3")) events.push(event);
  expect(events.map(({ type }) => type)).toEqual([
    "run-start",
    "text-delta",
    "tool-call",
    "tool-result",
    "step-end",
    "text-delta",
    "step-end",
    "run-end",
  ]);
  expect(events[3]).toMatchObject({ id: "1", name: "moisture", is_error: true });
  expect(engine.requests[1]?.messages).toMatchObject([
    { role: "user" },
    { role: "assistant", tool_calls: [{ id: "1" }] },
    { role: "tool", tool_call_id: "1" },
  ]);
  expect(runtime.history.map(({ role, content }) => [role, content])).toEqual([
    ["user", "how dry is bed 3"],
    ["assistant", "Let me look."],
    ["tool", 'There is no tool named "moisture".'],
    ["assistant", "I cannot."],
  ]);
});

test("an engine that only calls tools reaches the step limit", async () => {
  await using runtime = await loadedWith(
    new ScriptedEngine(
      Array.from({ length: 9 }, (_, step) => ({ calls: [{ id: "1", name: "again", arguments: { step } }] })),
    ),
  );
  await expect(runtime.process("go")).rejects.toMatchObject({ code: "too-many-steps" });
});

describe("an invalid call", () => {
  const measure = defineTool({
    name: "measure",
    description: "Measures.",
    input: { type: "object", properties: { bed: { type: "integer" } }, required: ["bed"] },
    changesWorld: false,
    run: () => 41,
  });
  const call = (bed: unknown) => ({ calls: [{ id: "1", name: "measure", arguments: { bed } }] });

  test("can be corrected once: the engine sees the error", async () => {
    const engine = new ScriptedEngine([call("three"), call(3), call("x"), call(4), "Done."]);
    await using runtime = await loadedWith(engine, { tools: [measure] });
    expect((await runtime.process("go")).content).toBe("Done.");
    expect(engine.requests[1]?.messages.at(-1)?.content).toBe(
      "The arguments of measure are not right: /bed must be integer",
    );
    expect(engine.requests[2]?.messages.at(-1)?.content).toBe("41");
  });

  test("ends the turn if it is not corrected", async () => {
    const engine = new ScriptedEngine([call("three"), call("four"), "Done."]);
    await using runtime = await loadedWith(engine, { tools: [measure] });
    await expect(runtime.process("go")).rejects.toMatchObject({ code: "call-not-valid" });
    expect(runtime.history).toEqual([]);
    await expect(runtime.process("go on")).resolves.toMatchObject({ content: "Done." });
  });
});

describe("a turn's limits", () => {
  const call = (step: number) => ({ deltas: ["one two"], calls: [{ id: "1", name: "again", arguments: { step } }] });
  const script = [call(1), call(2), call(3), "Done."];

  test("on steps and tokens end a turn that keeps calling tools", async () => {
    await using runtime = await loadedWith(new ScriptedEngine(script));
    await expect(runtime.process("go", { limits: { maxSteps: 2 } })).rejects.toMatchObject({ code: "too-many-steps" });
    await using other = await loadedWith(new ScriptedEngine(script));
    await expect(other.process("go", { limits: { maxTokens: 4 } })).rejects.toMatchObject({ code: "too-many-tokens" });
    await using third = await loadedWith(new ScriptedEngine(script));
    await expect(third.process("go", { limits: { maxSteps: 4, maxTokens: 7 } })).resolves.toBeDefined();
  });

  test("on time end a turn that hangs in a tool or in the engine", async () => {
    const forever = defineTool({
      name: "again",
      description: "a",
      permission: "always",
      run: () => new Promise(() => {}),
    });
    const input = { type: "object", properties: { step: { type: "integer" } } };
    const engine = new ScriptedEngine([{ deltas: ["a", "b"], delayMilliseconds: 60_000 }, call(1), "Done."]);
    await using runtime = await loadedWith(engine, { tools: [{ ...forever, inputSchema: input }] });
    const limits = { maxMilliseconds: 20 };
    await expect(runtime.process("go", { limits })).rejects.toMatchObject({ code: "time-limit" });
    await expect(runtime.process("go", { limits })).rejects.toMatchObject({ code: "time-limit" });
    expect((await runtime.process("go")).content).toBe("Done.");
  });
});

test("the engine gets only as many results as its context can hold", async () => {
  const engine = new ScriptedEngine([{ calls: [{ id: "1", name: "flood", arguments: {} }] }, "Done."], {
    contextTokens: 400,
  });
  const flood = defineTool({ name: "flood", description: "a", changesWorld: false, run: () => "x ".repeat(5_000_000) });
  await using runtime = await loadedWith(engine, { tools: [flood] });
  expect((await runtime.process("go")).content).toBe("Done.");
  expect(engine.requests[1]?.messages.at(-1)?.content.length).toBeLessThanOrEqual(400);
});
