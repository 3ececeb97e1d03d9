import { afterEach, expect, test, vi } from "vitest";
import type { AgentEvent } from "../../src/agent-event.js";
import { askForSummary } from "../../src/context/summarize-turns.js";
import type { Engine, EngineEvent, EngineRequest } from "../../src/engines/engine.js";
import { EngineError } from "../../src/engines/engine-error.js";
import { IDLE_MILLISECONDS } from "../../src/engines/idle-work.js";
import { NanoRuntime } from "../../src/nano-runtime.js";
import { findSession } from "../../src/session/journal/stored-session.js";
import { ScriptedEngine } from "../../src/testing/scripted-engine.js";
import { temporaryFolder } from "../temporary-folder.js";

const contextTokens = 400;
const maxTokens = contextTokens / 8;
const words = (count: number, word = "word") => Array.from({ length: count }, () => word).join(" ");

const config = {
  spec: { name: "clerk" },
  device: { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 1 },
  instructions: "Be brief.",
  window: { on_overflow: "summarize" as const },
};

/** Answers with forty words. Answers a request for a summary with the number of the last turn that it saw. */
class Clerk extends ScriptedEngine {
  /** Requests for a summary, oldest first. */
  readonly asked: EngineRequest[] = [];
  summarize: (request: EngineRequest, signal?: AbortSignal) => AsyncIterable<EngineEvent> = async function* ({
    messages,
  }) {
    const known = messages.map(({ content }) => content).join(" ");
    yield { type: "text-delta", text: `Turns up to ${[...known.matchAll(/Turn (\d+)/g)].at(-1)?.[1]}.` };
    yield { type: "end", reason: "stop" };
  };

  constructor() {
    super([words(40, "answer")], { contextTokens });
  }

  override async *generate(
    request: EngineRequest,
    options: { signal?: AbortSignal } = {},
  ): AsyncGenerator<EngineEvent> {
    if (request.messages.at(-1)?.content !== askForSummary(maxTokens).content) {
      yield* super.generate(request, options);
      return;
    }
    this.asked.push(request);
    yield* this.summarize(request, options.signal);
  }

  /** The first message of the last request. */
  get first(): string {
    return this.requests.at(-1)?.messages[0]?.content ?? "";
  }
}

const open: NanoRuntime[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const runtime of open.splice(0)) await runtime.unload();
});

async function talker(engine: Engine, more: object = {}) {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const runtime = new NanoRuntime({ engine });
  open.push(runtime);
  await runtime.load({ ...config, ...more });
  let turn = runtime.history.filter(({ role }) => role === "user").length;
  return {
    runtime,
    /** Sends messages of thirty words without a pause. Returns the other events. */
    async say(times: number, length = 30): Promise<AgentEvent[]> {
      const events: AgentEvent[] = [];
      for (let time = 0; time < times; time++) {
        const message = `Turn ${++turn} ${words(length)}`;
        for await (const event of runtime.stream(message)) if (event.type === "window-overflow") events.push(event);
      }
      return events;
    },
    /** Leaves the engine idle long enough for a summary. */
    rest: () => vi.advanceTimersByTimeAsync(IDLE_MILLISECONDS),
  };
}

test("dropped turns are summarized in advance while the engine is idle, and the summary comes first", async () => {
  const engine = new Clerk();
  const { say, rest } = await talker(engine);
  await say(1);
  await rest();
  expect(engine.asked).toEqual([]);
  await say(2);
  // The window is more than two thirds full. The request for a summary continues the conversation.
  await rest();
  expect(engine.asked).toHaveLength(1);
  const [asked] = engine.asked;
  expect(asked?.messages.slice(0, 5)).toEqual(engine.requests.at(-1)?.messages);
  expect(asked).toMatchObject({ instructions: "Be brief.", sampling: { maxTokens } });
  await rest();
  expect(engine.asked).toHaveLength(1);
  expect(await say(1)).toEqual([{ type: "window-overflow", left_turns: 3, summarized: true }]);
  const shown = engine.requests.at(-1)?.messages.map(({ role, content }) => `${role}: ${content.slice(0, 45)}`);
  expect(shown?.slice(0, 3)).toEqual([
    "user: What we said before, in brief:\nTurns up to 3.",
    "assistant: I remember.",
    expect.stringMatching(/^user: Turn 4/),
  ]);
});

test("the next summary covers the previous one and later turns", async () => {
  const engine = new Clerk();
  const { say, rest } = await talker(engine);
  for (let turn = 0; turn < 12; turn++) {
    await say(1);
    await rest();
  }
  expect(engine.asked.length).toBeGreaterThan(2);
  for (const [index, { messages }] of engine.asked.entries()) {
    expect(messages.some(({ content }) => content.includes("Turns up to"))).toBe(index > 0);
  }
});

test("until turns are dropped, each prompt begins with the previous one including the summary", async () => {
  const engine = new Clerk();
  const { say, rest } = await talker(engine);
  let before: readonly unknown[] = [];
  for (let turn = 0; turn < 15; turn++) {
    const overflow = await say(1);
    const { messages } = engine.requests.at(-1) as EngineRequest;
    if (overflow.length === 0) expect(messages.slice(0, before.length)).toEqual(before);
    before = messages;
    await rest();
  }
});

test("turns that were dropped without a summary are summarized later", async () => {
  const engine = new Clerk();
  const { say, rest } = await talker(engine);
  const overflows = await say(4);
  expect(overflows).toEqual([{ type: "window-overflow", left_turns: 2, summarized: false }]);
  expect(engine.first).toMatch(/^Turn 3/);
  await rest();
  expect(engine.asked[0]?.messages[0]?.content).toMatch(/^Turn 1/);
  await say(1);
  expect(engine.first).toContain("Turns up to 2.");
});

test("a new message aborts the summary, which is written later", async () => {
  const engine = new Clerk();
  const { summarize } = engine;
  let given: AbortSignal | undefined;
  engine.summarize = async function* (_, signal) {
    given = signal;
    await new Promise((resolve) => signal?.addEventListener("abort", resolve));
    yield { type: "end", reason: "abort" };
  };
  const { say, rest } = await talker(engine);
  await say(3);
  await rest();
  expect(given?.aborted).toBe(false);
  engine.summarize = summarize;
  expect(await say(1)).toEqual([{ type: "window-overflow", left_turns: 2, summarized: false }]);
  expect(given?.aborted).toBe(true);
  await rest();
  await say(1);
  expect(engine.first).toContain("Turns up to 2.");
});

test("a message to another agent of the same engine also has priority", async () => {
  const engine = new Clerk();
  let isAborted = false;
  engine.summarize = async function* (_, signal) {
    await new Promise((resolve) => signal?.addEventListener("abort", resolve));
    isAborted = true;
    yield { type: "end", reason: "abort" };
  };
  const { say, rest } = await talker(engine);
  const other = new NanoRuntime({ engine });
  open.push(other);
  await other.load({ ...config, window: {} });
  await say(3);
  await rest();
  await other.process("hello");
  expect(isAborted).toBe(true);
});

test("unload does not wait for a summary", async () => {
  const engine = new Clerk();
  engine.summarize = async function* () {
    await new Promise(() => {});
    yield { type: "end", reason: "stop" };
  };
  const { runtime, say, rest } = await talker(engine);
  await say(3);
  await rest();
  expect(engine.asked).toHaveLength(1);
  vi.useRealTimers();
  await runtime.unload();
});

const failed = new EngineError({ code: "engine-failed", message: "no" });

test.each<[string, Clerk["summarize"]]>([
  [
    "fails",
    async function* () {
      yield { type: "error", error: failed };
    },
  ],
  [
    "throws",
    // biome-ignore lint/correctness/useYield: it is an engine that breaks its contract
    async function* () {
      throw new Error("no");
    },
  ],
  [
    "returns no text",
    async function* () {
      yield { type: "end", reason: "stop" };
    },
  ],
  [
    "calls a tool instead",
    async function* () {
      yield { type: "tool-call", call: { id: "1", name: "look", arguments: {} } };
      yield { type: "end", reason: "tool-calls" };
    },
  ],
])("if the engine %s, turns are dropped without a summary, and it is not asked repeatedly", async (_, summarize) => {
  const engine = new Clerk();
  engine.summarize = summarize;
  const { say, rest } = await talker(engine);
  await say(3);
  await rest();
  await rest();
  const asked = engine.asked.length;
  expect(asked).toBeLessThanOrEqual(2);
  expect(await say(1)).toEqual([{ type: "window-overflow", left_turns: 2, summarized: false }]);
  expect(engine.first).toMatch(/^Turn 3/);
  await rest();
  await rest();
  expect(engine.asked.length).toBeLessThanOrEqual(2 * asked);
});

test("a summary stays within its share of the context, however much the engine writes", async () => {
  const engine = new Clerk();
  engine.summarize = async function* () {
    for (let number = 0; number < 100_000; number++) yield { type: "text-delta", text: `fact${number} ` };
    yield { type: "end", reason: "length" };
  };
  const { say, rest } = await talker(engine);
  await say(3);
  await rest();
  await say(1);
  expect(engine.countTokens(engine.first)).toBeLessThanOrEqual(maxTokens + 6);
  expect(engine.first).toContain("fact1 ");
});

test("with on_overflow drop, or by default, turns are dropped", async () => {
  for (const window of [undefined, {}, { on_overflow: "drop" }]) {
    const engine = new Clerk();
    const { say, rest } = await talker(engine, { window });
    await say(3);
    await rest();
    expect(await say(1)).toEqual([{ type: "window-overflow", left_turns: 2, summarized: false }]);
    await rest();
    expect(engine.asked).toEqual([]);
  }
});

test("the rules engine is never asked for a summary, and a notice says that the setting has no effect", async () => {
  const runtime = new NanoRuntime();
  open.push(runtime);
  await runtime.load({ ...config, instructions: undefined });
  expect(runtime.notices).toEqual(['"window.on_overflow" has no effect on the rules engine.']);
});

test("a reset conversation does not keep the summary", async () => {
  const session = { dir: await temporaryFolder() };
  const engine = new Clerk();
  const { runtime, say, rest } = await talker(engine, { session });
  await say(4);
  await rest();
  runtime.reset();
  await say(1);
  expect(engine.first).toMatch(/^Turn 5/);
  await runtime.unload();
  const again = await talker(engine, { session });
  await again.say(1);
  expect(engine.first).toMatch(/^Turn 5/);
});

test("with a session, a restart does not change the engine's view", async () => {
  const session = { dir: await temporaryFolder(), fsync: "never" as const };
  const engine = new Clerk();
  let { runtime, say, rest } = await talker(engine, { session });
  let before: readonly unknown[] = [];
  for (let turn = 0; turn < 20; turn++) {
    const overflow = await say(1);
    const { messages } = engine.requests.at(-1) as EngineRequest;
    if (overflow.length === 0) {
      expect(messages.slice(0, before.length).map(bare)).toEqual(before.map(bare));
    } else expect(overflow).toEqual([{ type: "window-overflow", left_turns: expect.any(Number), summarized: true }]);
    before = messages;
    await rest();
    vi.useRealTimers();
    await runtime.unload();
    ({ runtime, say, rest } = await talker(engine, { session }));
  }
  expect(engine.first).toMatch(/Turns up to 1\d\./);
  expect(await findSession(session.dir)).toMatchObject({ turns: 20, messages: 40 });
});

test("a session with dropped turns continues with the last window", async () => {
  const session = { dir: await temporaryFolder() };
  const engine = new Clerk();
  const { runtime, say } = await talker(engine, { session, window: {} });
  await say(5);
  const shown = engine.requests.at(-1)?.messages ?? [];
  await runtime.unload();
  const again = await talker(engine, { session, window: {} });
  expect(await again.say(1, 1)).toEqual([]);
  expect(engine.requests.at(-1)?.messages.slice(0, shown.length).map(bare)).toEqual(shown.map(bare));
});

function bare(message: unknown): unknown {
  const { role, content } = message as { role: string; content: string };
  return `${role}: ${content}`;
}
