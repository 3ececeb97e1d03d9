import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { SessionSettings } from "@nanoagent/models";
import { type Agent, type ConversationMessage, defineTool, openAgent } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { toCheckedJson } from "../../../runtime/src/files/checked-json.js";
import {
  type ConversationRequest,
  ConversationStore,
  type ConversationStoreOptions,
} from "../../src/conversations/conversation-store.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };
const spec = { name: "house" };
const timestamp = "2026-01-01T00:00:00.000Z";
const said = (...texts: string[]): ConversationMessage[] =>
  texts.map((content, index) => ({ role: index % 2 === 0 ? "user" : "assistant", content, timestamp }));

interface Opened {
  agent: Agent;
  store: ConversationStore;
  engine: ScriptedEngine;
}

async function open(options: ConversationStoreOptions = {}, session?: SessionSettings): Promise<Opened> {
  const engine = new ScriptedEngine(["Yes."]);
  const agent = await openAgent({ spec, device, session }, { engine });
  const store = new ConversationStore(options);
  onTestFinished(async () => {
    await store.close();
    await agent.close();
  });
  return { agent, store, engine };
}

async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A request with an id, or without one. */
function request(
  id: string | null,
  before: readonly ConversationMessage[] = [],
  message = "hello",
): ConversationRequest {
  return { conversationIds: id === null ? [] : [id], before, message };
}

/** Answers a request. */
async function answer({ agent, store }: Opened, asked: ConversationRequest): Promise<void> {
  const { conversation, message, release } = await store.open(agent, asked);
  const { content } = await conversation.process(message);
  release({ text: content, textWithRetracted: content, calls: [] });
}

afterEach(() => void vi.useRealTimers());

describe("limits", () => {
  test("the conversation that was used least recently is closed, never one in use", async () => {
    const opened = await open({ limits: { max: 2 } });
    const { agent, store } = opened;
    const first = await store.open(agent, request("a"));
    await answer(opened, request("b"));
    await answer(opened, request("c"));
    expect(store.count).toBe(2);
    expect((await first.conversation.process("still open")).content).toBe("Yes.");
    first.release(null);
    // The one for b was closed, so that its history comes from the client alone.
    const again = await store.open(agent, request("b", said("x", "y")));
    expect(again.conversation.history.map(({ content }) => content)).toEqual(["x", "y"]);
    again.release(null);
  });

  test("while all are in use, a request waits, in order, until one is free or its client leaves", async () => {
    const { agent, store } = await open({ limits: { max: 1 } });
    const first = await store.open(agent, request("a"));
    const order: string[] = [];
    const controller = new AbortController();
    const left = store.open(agent, request("left"), controller.signal);
    const waiting = ["b", "c"].map(async (id) => {
      const { release } = await store.open(agent, request(id));
      order.push(id);
      release(null);
    });
    controller.abort();
    await expect(left).rejects.toMatchObject({ code: "aborted" });
    expect(order).toEqual([]);
    first.release(null);
    first.release(null);
    await Promise.all(waiting);
    expect(order).toEqual(["b", "c"]);
    expect(store.count).toBe(1);
  });

  test("a request that is aborted while it waits for its conversation leaves the line", async () => {
    const { agent, store } = await open();
    const first = await store.open(agent, request("a"));
    const controller = new AbortController();
    const left = store.open(agent, request("a"), controller.signal);
    const next = store.open(agent, request("a"));
    controller.abort();
    await expect(left).rejects.toMatchObject({ code: "aborted" });
    first.release(null);
    (await next).release(null);
    await expect(store.open(agent, request("a"), AbortSignal.abort())).rejects.toMatchObject({ code: "aborted" });
    expect(store.count).toBe(1);
  });

  test("idle conversations are closed", async () => {
    vi.useFakeTimers();
    const opened = await open({ limits: { idle_minutes: 10 } });
    await answer(opened, request("a"));
    vi.advanceTimersByTime(6 * 60_000);
    await answer(opened, request("b"));
    vi.advanceTimersByTime(5 * 60_000);
    expect(opened.store.count).toBe(1);
    const held = await opened.store.open(opened.agent, request("c"));
    vi.advanceTimersByTime(20 * 60_000);
    expect(opened.store.count).toBe(1);
    held.release(null);
    vi.advanceTimersByTime(10 * 60_000);
    expect(opened.store.count).toBe(0);
    await opened.store.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("together they stay within the limit of bytes", async () => {
    const opened = await open({ limits: { max: 1000 }, maxTotalBytes: 200_000 });
    const long = "x".repeat(5000);
    for (let number = 0; number < 50; number++) {
      await answer(opened, request(`c${number}`, said(`${number}`, long)));
      expect(opened.store.bytes).toBeLessThanOrEqual(200_000);
    }
    expect(opened.store.count).toBeGreaterThan(5);
    expect(opened.store.count).toBeLessThan(20);
    await opened.store.close();
    expect(opened.store.bytes).toBe(0);
  });

  test("each keeps the newest part of its history, and still continues all of it", async () => {
    const opened = await open({ maxHistoryBytes: 20_000 });
    const history: ConversationMessage[] = [];
    for (let number = 0; number < 30; number++) {
      const message = `${number} ${"x".repeat(500)}`;
      await answer(opened, request("a", history, message));
      history.push(...said(message, "Yes."));
    }
    const { conversation, release } = await opened.store.open(opened.agent, request("a", history));
    expect(conversation.droppedTurns).toBeGreaterThan(5);
    release(null);
    expect(opened.store.bytes).toBeLessThan(60_000);
    // It was never restarted: that would have moved the dropped turns.
    expect(opened.engine.requests.at(-1)?.messages.at(-1)?.content).toBe(history.at(-2)?.content);
  });

  test("a conversation that is too long to remember is not kept open", async () => {
    const opened = await open();
    await answer(
      opened,
      request(
        "a",
        Array.from({ length: 4096 }, () => said("x")[0] as ConversationMessage),
      ),
    );
    expect(opened.store.count).toBe(0);
  });
});

test("a closed store refuses requests, and those that wait", async () => {
  const { agent, store } = await open({ limits: { max: 1 } });
  const first = await store.open(agent, request("a"));
  const waiting = [store.open(agent, request("a")), store.open(agent, request("b"))].map((one) =>
    expect(one).rejects.toMatchObject({ code: "aborted" }),
  );
  await store.close();
  await Promise.all(waiting);
  first.release(null);
  await expect(store.open(agent, request("c"))).rejects.toMatchObject({ code: "aborted" });
  expect(store.count).toBe(0);
});

test("a conversation that is being opened when the store closes is closed, too", async () => {
  const dir = await temporaryFolder();
  const { agent, store } = await open({}, { dir, fsync: "never" });
  const opening = expect(store.open(agent, request("a"))).rejects.toMatchObject({ code: "aborted" });
  await store.close();
  await opening;
  const again = await agent.converse({ session: { dir: path.join(dir, "a") } });
  await again.close();
});

test("a conversation that is closed for another one gives it its history", async () => {
  const opened = await open({ limits: { max: 1 } });
  await answer(opened, request(null));
  const { conversation, release } = await opened.store.open(
    opened.agent,
    request(null, said("hello", "another reply")),
  );
  expect(conversation.history.map(({ timestamp: at }) => at === timestamp)).toEqual([false, true]);
  release(null);
  expect(opened.store.count).toBe(1);
});

describe("conversations move to another agent", () => {
  test.each([
    ["in memory", false, false],
    ["with a session", true, true],
    ["to a session", false, true],
    ["from a session", true, false],
  ])("%s, with the agent's own calls", async (_, isStored, willBeStored) => {
    const dir = await temporaryFolder();
    const session = { dir, fsync: "never" as const };
    const lookup = defineTool({ name: "lookup", description: "Looks.", changesWorld: false, run: () => "found" });
    const call = { calls: [{ id: "c1", name: "lookup", arguments: {} }] };
    const config = { spec: { name: "house", capabilities: ["lookup"] }, device };
    const agents = [isStored, willBeStored].map((stored) =>
      openAgent(
        { ...config, session: stored ? session : undefined },
        { engine: new ScriptedEngine([call, "Yes."]), tools: [lookup] },
      ),
    );
    const [first, second] = (await Promise.all(agents)) as [Agent, Agent];
    const store = new ConversationStore();
    onTestFinished(async () => {
      await store.close();
      await Promise.all([first.close(), second.close()]);
    });
    for (const id of ["a", null]) await answer({ agent: first, store } as Opened, request(id));
    await first.close();
    for (const id of ["a", null]) {
      const { conversation, release } = await store.open(second, request(id, said("hello", "Yes."), "and?"));
      expect(conversation.history.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
      expect((await conversation.process("and?")).content).toBe("Yes.");
      release({ text: "Yes.", textWithRetracted: "Yes.", calls: [] });
      const again = await store.open(second, request(id, said("hello", "Yes.", "and?", "Yes.")));
      expect(again.conversation).toBe(conversation);
      again.release(null);
    }
    expect(store.count).toBe(2);
  });
});

describe("with a session", () => {
  const fsync = "never";

  test("each conversation has a folder, and that of an id is opened again", async () => {
    const dir = await temporaryFolder();
    const first = await open({}, { dir, fsync });
    await answer(first, request("kitchen"));
    await answer(first, request("../Living room"));
    await answer(first, request(null));
    await first.store.close();
    const names = (await readdir(dir)).sort();
    expect(names).toEqual([
      expect.stringMatching(/^conversation-[0-9a-f]{32}$/),
      "kitchen",
      expect.stringMatching(/^living-room-[0-9a-f]{16}$/),
    ]);
    const second = await open({}, { dir, fsync });
    for (const id of ["kitchen", "../Living room"]) {
      const { conversation, release } = await second.store.open(
        second.agent,
        request(id, said("hello", "Yes."), "and?"),
      );
      // The stored times show that the conversation continued: a client's messages have other times.
      expect(conversation.history.map(({ timestamp: at }) => at)).not.toContain(timestamp);
      expect(conversation.history).toHaveLength(2);
      release(null);
    }
    expect((await readdir(dir)).sort()).toEqual(names);
  });

  test("a folder that another program uses gives a typed error, and is free again later", async () => {
    const dir = await temporaryFolder();
    const [one, other] = [await open({}, { dir, fsync }), await open({}, { dir, fsync })];
    await answer(one, request("a"));
    await expect(other.store.open(other.agent, request("a"))).rejects.toMatchObject({ code: "session-in-use" });
    expect(other.store.count).toBe(0);
    await one.store.close();
    await answer(other, request("a"));
    expect(other.store.count).toBe(1);
  });

  test("a conversation directly in the folder is left alone", async () => {
    const dir = await temporaryFolder();
    const { agent, store } = await open({}, { dir, fsync, retention: { max_mb: 2 } });
    const own = await agent.converse({ session: { dir, fsync } });
    await own.process("said in a terminal");
    await answer({ agent, store } as Opened, request(null, said("said in a terminal", "Yes.")));
    await store.close();
    expect(own.history).toHaveLength(2);
    expect((await readdir(dir)).filter((name) => name.endsWith(".jsonl"))).toHaveLength(1);
  });

  test("an id that is used again while its conversation is being closed waits for that", async () => {
    const dir = await temporaryFolder();
    const opened = await open({ limits: { max: 1 } }, { dir, fsync });
    for (let round = 0; round < 5; round++) {
      await answer(opened, request("a", [], `a${round}`));
      await answer(opened, request("b", [], `b${round}`));
    }
    expect(opened.engine.requests).toHaveLength(10);
  });

  test("the oldest folders beyond the retention are removed when the service starts and when one is closed", async () => {
    const dir = await temporaryFolder();
    const segment = "journal-0000000000000001.jsonl";
    const add = async (name: string) => {
      await mkdir(path.join(dir, name), { recursive: true });
      await writeFile(path.join(dir, name, segment), "x".repeat(2 ** 20));
      await new Promise((resolve) => setTimeout(resolve, 10));
    };
    for (const name of ["old", "middle", "new"]) await add(name);
    const opened = await open({ limits: { max: 1 } }, { dir, fsync, retention: { max_mb: 2 } });
    opened.store.use(opened.agent);
    await vi.waitFor(async () => expect((await readdir(dir)).sort()).toEqual(["middle", "new"]), { timeout: 20_000 });
    await answer(opened, request("a"));
    await add("newest");
    await answer(opened, request("b"));
    await vi.waitFor(async () => expect(await readdir(dir)).not.toContain("middle"), { timeout: 20_000 });
    expect(await readdir(dir)).toEqual(expect.arrayContaining(["b", "newest"]));
  });

  test("one notice says that conversations of a newer version stay beyond the retention", async () => {
    const dir = await temporaryFolder();
    const notices: string[] = [];
    const options = { limits: { max: 1 }, onNotice: (notice: string) => void notices.push(notice) };
    const header = `${toCheckedJson({ type: "segment", format: 99 })}\n`;
    for (const name of ["newer", "newest"]) {
      await mkdir(path.join(dir, name));
      await writeFile(path.join(dir, name, "journal-0000000000000001.jsonl"), header + "x".repeat(3 * 2 ** 20));
    }
    const opened = await open(options, { dir, fsync, retention: { max_mb: 2 } });
    opened.store.use(opened.agent);
    await vi.waitFor(() => expect(notices).toHaveLength(1), { timeout: 20_000 });
    expect(notices[0]).toContain(`wrote 2 conversations below ${dir}`);
    for (const id of ["a", "b"]) await answer(opened, request(id));
    await opened.store.close();
    expect(notices).toHaveLength(1);
    expect(await readdir(dir)).toEqual(expect.arrayContaining(["newer", "newest"]));
  });
});
