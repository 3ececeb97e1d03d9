import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type AgentEvent, type Conversation, defineTool, type EngineRequest, openAgent } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { describe, expect, test } from "vitest";
import { sampleConfig } from "./sample-config.js";
import { temporaryFolder } from "./temporary-folder.js";

const slow = { deltas: ["so ", "it ", "is"], delayMilliseconds: 20 };

/** Returns the last message of each request, in the order in which the engine got them. */
const asked = (engine: ScriptedEngine) =>
  engine.requests.map((request: EngineRequest) => request.messages.at(-1)?.content);

async function collect(events: AsyncIterable<AgentEvent>): Promise<AgentEvent[]> {
  const all: AgentEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe("conversations with one agent", () => {
  test("have separate histories", async () => {
    const engine = new ScriptedEngine(["one", "two", "three"]);
    await using agent = await openAgent(sampleConfig(), { engine });
    const [first, second] = [await agent.converse(), await agent.converse()];
    await first.process("a");
    await second.process("b");
    await first.process("c");
    expect(first.history.map(({ content }) => content)).toEqual(["a", "one", "c", "three"]);
    expect(second.history.map(({ content }) => content)).toEqual(["b", "two"]);
    expect(engine.requests[2]?.messages.map(({ content }) => content)).toEqual(["a", "one", "c"]);
  });

  test("reach the engine one turn at a time, and a busy one does not crowd out the others", async () => {
    const engine = new ScriptedEngine([slow]);
    await using agent = await openAgent(sampleConfig(), { engine });
    const [first, second, third] = [await agent.converse(), await agent.converse(), await agent.converse()];
    const ask = (conversation: Conversation, ...messages: string[]) =>
      messages.map((message) => conversation.process(message));
    await Promise.all([...ask(first, "a1", "a2", "a3"), ...ask(second, "b1", "b2"), ...ask(third, "c1")]);
    expect(asked(engine)).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"]);
  });

  test("never overlap at the engine", async () => {
    let running = 0;
    let most = 0;
    const engine = new ScriptedEngine([slow]);
    const generate = engine.generate.bind(engine);
    engine.generate = async function* (...parts) {
      most = Math.max(most, ++running);
      try {
        yield* generate(...parts);
      } finally {
        running--;
      }
    };
    await using agent = await openAgent(sampleConfig(), { engine });
    const conversations = await Promise.all(Array.from({ length: 5 }, () => agent.converse()));
    await Promise.all(conversations.map((conversation) => conversation.process("hello")));
    expect(most).toBe(1);
  });

  test("do not wait for the engine if an intent matches", async () => {
    const engine = new ScriptedEngine([{ deltas: ["late"], delayMilliseconds: 5000 }]);
    const intents = { definitions: [{ name: "thank", sentences: ["thanks"], answer: "You are welcome." }] };
    await using agent = await openAgent(sampleConfig({ intents }), { engine });
    const [busy, other] = [await agent.converse(), await agent.converse()];
    const abort = new AbortController();
    const waiting = busy.process("tell me all", { signal: abort.signal });
    expect((await other.process("thanks")).content).toBe("You are welcome.");
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: "aborted" });
  });

  test("can be aborted while they wait for the engine, and the wait does not count toward the time limit", async () => {
    const engine = new ScriptedEngine([{ deltas: ["done"], delayMilliseconds: 150 }]);
    await using agent = await openAgent(sampleConfig(), { engine });
    const [first, second, third] = [await agent.converse(), await agent.converse(), await agent.converse()];
    const abort = new AbortController();
    const running = first.process("a");
    const aborted = second.process("b", { signal: abort.signal });
    const patient = third.process("c", { limits: { maxMilliseconds: 1000 } });
    abort.abort();
    await expect(aborted).rejects.toMatchObject({ code: "aborted" });
    expect([(await running).content, (await patient).content]).toEqual(["done", "done"]);
    expect(asked(engine)).toEqual(["a", "c"]);
    expect(second.history).toEqual([]);
  });

  test.each<[string, (conversation: Conversation, abort: AbortController) => unknown]>([
    ["is closed", (conversation) => conversation.close()],
    ["is aborted", (_, abort) => abort.abort()],
    ["is out of time", () => {}],
  ])("are not blocked by a reader that stopped reading once its turn %s", async (_, end) => {
    const pieces = { deltas: Array.from({ length: 100 }, () => "word "), delayMilliseconds: 5 };
    await using agent = await openAgent(sampleConfig(), { engine: new ScriptedEngine([pieces, "done"]) });
    const [stalled, other] = [await agent.converse(), await agent.converse()];
    const abort = new AbortController();
    const events = stalled.stream("x", { signal: abort.signal, limits: { maxMilliseconds: 200 } });
    await events.next();
    await events.next();
    const reply = other.process("y", { limits: { maxMilliseconds: 10_000 } });
    await end(stalled, abort);
    expect((await reply).content).toBe("done");
    await events.return();
  });

  test("use the engine while another one waits for permission", async () => {
    const call = { id: "1", name: "valve", arguments: {} };
    const engine = new ScriptedEngine([{ calls: [call] }, "from the other", "opened"]);
    const input = { type: "object", properties: {} };
    const valve = defineTool({ name: "valve", description: "Opens a valve.", input, run: () => "open" });
    let allow = (_: boolean) => {};
    const onPermission = () => new Promise<boolean>((resolve) => (allow = resolve));
    await using agent = await openAgent(sampleConfig(), { engine, tools: [valve], onPermission });
    const [asking, other] = [await agent.converse(), await agent.converse()];
    const opened = asking.process("open the valve");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await other.process("hello")).content).toBe("from the other");
    allow(true);
    expect((await opened).content).toBe("opened");
  });

  test("opened while the agent closes are closed as well", async () => {
    const dir = await temporaryFolder();
    const agent = await openAgent(sampleConfig(), { engine: new ScriptedEngine() });
    const opening = [agent.converse({ session: { dir } }), agent.converse()];
    const refused = Promise.all(opening.map((one) => expect(one).rejects.toMatchObject({ code: "not-loaded" })));
    await null;
    await agent.close();
    await refused;
    await using next = await openAgent(sampleConfig(), { engine: new ScriptedEngine() });
    expect((await next.converse({ session: { dir } })).history).toEqual([]);
  });

  test("end one by one, or all with the agent; an engine that the app passed stays open", async () => {
    const engine = new ScriptedEngine([slow]);
    const agent = await openAgent(sampleConfig(), { engine });
    const [first, second] = [await agent.converse(), await agent.converse()];
    await first.close();
    await first.close();
    await expect(first.process("a")).rejects.toMatchObject({ code: "not-loaded" });
    expect((await second.process("b")).content).toBe("so it is");
    const running = collect(second.stream("c"));
    const waiting = second.process("d");
    const refused = expect(waiting).rejects.toMatchObject({ code: "not-loaded" });
    await new Promise((resolve) => setTimeout(resolve, 10));
    await Promise.all([agent.close(), agent.close()]);
    expect((await running).at(-1)).toMatchObject({ type: "error", error: { code: "aborted" } });
    await refused;
    await expect(agent.converse()).rejects.toMatchObject({ code: "not-loaded" });
    await expect(agent.memory()).rejects.toMatchObject({ code: "not-loaded" });
    expect(second.history).toHaveLength(2);
    await using next = await openAgent(sampleConfig(), { engine });
    expect((await (await next.converse()).process("e")).content).toBe("so it is");
  });

  test("report the engine's facts", async () => {
    const engine = Object.assign(new ScriptedEngine(["a"], { contextTokens: 512 }), { notices: ["It is slow."] });
    await using agent = await openAgent(sampleConfig(), { engine });
    expect(agent.engine).toMatchObject({ name: "scripted", contextTokens: 512, notices: ["It is slow."] });
    expect(agent.notices).toContain("It is slow.");
  });
});

describe("a conversation's session", () => {
  test("belongs to one conversation at a time, and continues later", async () => {
    const dir = await temporaryFolder();
    await using agent = await openAgent(sampleConfig(), { engine: new ScriptedEngine(["Yes."]) });
    const first = await agent.converse({ session: { dir } });
    const passing = await agent.converse();
    await first.process("a");
    await passing.process("b");
    await expect(agent.converse({ session: { dir } })).rejects.toMatchObject({ code: "session-in-use" });
    await first.close();
    await using again = await agent.converse({ session: { dir } });
    expect(again.history.map(({ content }) => content)).toEqual(["a", "Yes."]);
    again.reset();
    expect(again.history).toEqual([]);
    expect((await again.process("c")).content).toBe("Yes.");
  });
});

describe("the history of a conversation in memory", () => {
  test.each([Number.NaN, 0, -1, 1.5, "64 KB", Number.POSITIVE_INFINITY])("cannot have the limit %s", async (bound) => {
    await using agent = await openAgent(sampleConfig(), { engine: new ScriptedEngine() });
    const refused = agent.converse({ maxHistoryBytes: bound as number });
    await expect(refused).rejects.toMatchObject({ code: "invalid-options" });
  });

  test("is limited by an option; dropped turns are counted, and with a session they can still be read", async () => {
    const dir = await temporaryFolder();
    await using agent = await openAgent(sampleConfig(), { engine: new ScriptedEngine(["Yes."]) });
    for (const session of [undefined, { dir }]) {
      const conversation = await agent.converse({ session, maxHistoryBytes: 16 * 1024 });
      for (let turn = 0; turn < 40; turn++) await conversation.process("x".repeat(1000));
      const held = conversation.history.reduce((sum, { content }) => sum + 200 + 2 * content.length, 0);
      expect(held).toBeLessThanOrEqual(16 * 1024);
      expect(conversation.history.length).toBeGreaterThan(4);
      expect(conversation.history.length / 2 + conversation.droppedTurns).toBe(40);
      let messages = 0;
      for await (const _ of conversation.readHistory()) messages++;
      expect(messages).toBe(session === undefined ? conversation.history.length : 80);
      await conversation.close();
    }
  });

  test.each(["without sessions", "with sessions"])(
    "takes at most 20 MB for 200 conversations of 64 KB, %s",
    async (kind) => {
      const program = fileURLToPath(new URL("./hold-many-conversations.mjs", import.meta.url));
      const folder = kind === "with sessions" ? [await temporaryFolder()] : [];
      const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", program, "200", ...folder]);
      const { heapBytes, histories } = JSON.parse(stdout);
      expect(histories).toBeGreaterThan(200 * 20 * 1024);
      expect(heapBytes).toBeLessThan(20 * 2 ** 20);
    },
  );
});
