import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type Agent, openAgent } from "@nanoagent/runtime";
import { describe, expect, onTestFinished, test } from "vitest";
import { PermissionDesk } from "../../src/permissions/permission-desk.js";
import type { ClientMessage } from "../../src/turns/split-messages.js";
import { TurnAnswering } from "../../src/turns/turn-answering.js";
import { askOf, assistant, ChatClient, callerTools, callsOf, eventsOf, inShort, textOf, user } from "./chat-client.js";
import { LookupEngine, lookup, visibleInShort } from "./lookup-engine.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };
const spec = { name: "house", capabilities: ["lookup"] };

interface Opened {
  engine: LookupEngine;
  agent: Agent;
  answering: TurnAnswering;
}

async function open({ dir, max }: { dir?: string; max?: number } = {}): Promise<Opened> {
  const engine = new LookupEngine();
  const session = dir === undefined ? undefined : { dir, fsync: "never" as const };
  const agent = await openAgent({ spec, device, session }, { engine, tools: [lookup] });
  const conversations = max === undefined ? undefined : { max };
  return { engine, agent, answering: new TurnAnswering(agent, new PermissionDesk(), { conversations }) };
}

async function opened(options = {}): Promise<Opened> {
  const parts = await open(options);
  onTestFinished(async () => {
    await parts.answering.close();
    await parts.agent.close();
  });
  return parts;
}

const lastRequest = ({ engine }: Opened) => engine.requests.at(-1)?.messages ?? [];
const rolesOf = (messages: readonly { role: string }[]) => messages.map(({ role }) => role[0]).join("");

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe.each(["in memory", "with a session"])("conversations %s", (kind) => {
  const start = async (options = {}) =>
    opened(kind === "in memory" ? options : { ...options, dir: await temporaryFolder() });

  test.each([
    ["by its id", ["chat-1"]],
    ["by its history", []],
  ])("a conversation found %s keeps the agent's own calls", async (_, conversationIds) => {
    const parts = await start();
    const client = new ChatClient(parts.answering, { conversationIds });
    const events = await client.say("look it up");
    expect(textOf(events)).toBe("One moment.\n\nReply 2 is said.\n");
    await client.say("thanks");
    expect(rolesOf(lastRequest(parts))).toBe("uatau");
    expect(parts.answering.conversations.open).toBe(1);
  });

  test("the client's calls and results continue, with other ids, too", async () => {
    for (const rename of [false, true]) {
      const parts = await start();
      const client = new ChatClient(parts.answering, { callerTools });
      const calls = callsOf(await client.say("lights"));
      const named = calls.map((call, index) => (rename ? { ...call, id: `other${index}` } : call));
      client.history = [...client.history.slice(0, -1), { role: "assistant", content: "", tool_calls: named }];
      await client.send(
        ...named.map(({ id }, index): ClientMessage => ({ role: "tool", content: `done ${index}`, tool_call_id: id })),
      );
      await client.say("thanks");
      expect(parts.answering.conversations.open).toBe(1);
      expect(rolesOf(lastRequest(parts))).toBe("uattau");
      // The conversation continued with the ids that it has itself.
      const [calling, ...results] = lastRequest(parts).slice(1, 4);
      expect(calling?.tool_calls?.map(({ id }) => id)).toEqual(calls.map(({ id }) => id));
      expect(results.map(({ tool_call_id }) => tool_call_id)).toEqual(calls.map(({ id }) => id));
    }
  });

  test("what clients change in the messages that they send back is tolerated", async () => {
    const parts = await start();
    const client = new ChatClient(parts.answering, { callerTools });
    const [call] = callsOf(await client.say("look, and light  "));
    const [asked, reply] = client.history as [ClientMessage, ClientMessage];
    client.history = [
      { ...asked, content: asked.content.trimEnd() },
      { ...reply, content: `  ${reply.content} \n`, tool_calls: [{ ...call, arguments: '{ "on" : true }' } as never] },
    ];
    await client.send({ role: "tool", content: "ok\n", tool_call_id: call?.id });
    expect(parts.answering.conversations.open).toBe(1);
    expect(rolesOf(lastRequest(parts))).toBe("uatt");
  });

  test("an edited history restarts the conversation, with the agent's own calls before the edit", async () => {
    const parts = await start();
    const client = new ChatClient(parts.answering, { conversationIds: ["c"] });
    await client.say("look 1");
    await client.say("look 2");
    client.history = [...client.history.slice(0, 3), assistant("something else")];
    await client.say("and now?");
    expect(rolesOf(lastRequest(parts))).toBe("uatauau");
    expect(visibleInShort(lastRequest(parts))).toEqual(inShort(client.history.slice(0, -1)));
    expect(parts.answering.conversations.open).toBe(1);
  });

  test.each([[["c"]], [[]]])(
    "a client with the ids %j that sends only its newest messages keeps the agent's own calls",
    async (ids) => {
      const parts = await start();
      const client = new ChatClient(parts.answering, { conversationIds: ids });
      for (let number = 0; number < 5; number++) {
        client.history = client.history.slice(-4);
        await client.say(`look ${number}`);
      }
      expect(rolesOf(lastRequest(parts))).toBe("uatauatauat");
      expect(lastRequest(parts)[0]?.content).toBe("look 2");
      expect(parts.answering.conversations.open).toBe(1);
    },
  );

  test("a client may keep text that was retracted", async () => {
    for (const keeps of [false, true]) {
      const parts = await start();
      const client = new ChatClient(parts.answering);
      await client.say("look, think");
      const text = client.history.at(-1)?.content ?? "";
      expect(text).toBe("One moment.\n\nThinking.\n\nReply 2 is said.\n");
      if (!keeps) client.history[1] = assistant(text.replace("\n\nThinking.", ""));
      await client.say("thanks");
      expect(rolesOf(lastRequest(parts))).toBe("uatau");
      expect(parts.answering.conversations.open).toBe(1);
    }
  });

  test("an id with a new message alone restarts empty", async () => {
    const parts = await start();
    const client = new ChatClient(parts.answering, { conversationIds: ["c"] });
    await client.say("look 1");
    client.history = [];
    await client.say("hello");
    expect(rolesOf(lastRequest(parts))).toBe("u");
    expect(parts.answering.conversations.open).toBe(1);
  });

  test("an empty history without an id is always a new conversation", async () => {
    const parts = await start();
    await new ChatClient(parts.answering).say("hello");
    await new ChatClient(parts.answering).say("hello");
    expect(parts.answering.conversations.open).toBe(2);
    expect(rolesOf(lastRequest(parts))).toBe("u");
  });

  test("a fork starts a conversation of its own, and both continue", async () => {
    const parts = await start();
    const one = new ChatClient(parts.answering);
    await one.say("look 1");
    await one.say("look 2");
    const other = new ChatClient(parts.answering);
    other.history = one.history.slice(0, 2);
    await other.say("another way");
    expect(rolesOf(lastRequest(parts))).toBe("uatau");
    expect(parts.answering.conversations.open).toBe(2);
    await one.say("more");
    expect(rolesOf(lastRequest(parts))).toBe("uatauatau");
    await other.say("more");
    expect(rolesOf(lastRequest(parts))).toBe("uatauau");
    expect(parts.answering.conversations.open).toBe(2);
  });

  test("requests for one id run one after the other, in order", async () => {
    const parts = await start();
    const sent = [1, 2, 3].map((number) =>
      eventsOf(parts.answering, askOf([user(`slow ${number}`)], { conversationIds: ["c"] })),
    );
    await Promise.all(sent);
    expect(parts.engine.requests.map(({ messages }) => messages.map(({ content }) => content))).toEqual([
      ["slow 1"],
      ["slow 2"],
      ["slow 3"],
    ]);
    expect(parts.answering.conversations.open).toBe(1);
  });

  test("a conversation that is in use is not continued by another request", async () => {
    const parts = await start();
    const client = new ChatClient(parts.answering);
    await client.say("look it up");
    const { history } = client;
    const sent = [1, 2].map((number) => eventsOf(parts.answering, askOf([...history, user(`slow ${number}`)])));
    await Promise.all(sent);
    expect(parts.answering.conversations.open).toBe(2);
    const [first, second] = parts.engine.requests.slice(-2).map(({ messages }) => rolesOf(messages));
    expect([first, second]).toEqual(["uatau", "uatau"]);
  });

  test("the least recently used conversation is closed, and requests wait while all are in use", async () => {
    const parts = await start({ max: 2 });
    const sent = [1, 2, 3, 4].map((number) => eventsOf(parts.answering, askOf([user(`slow ${number}`)])));
    expect((await Promise.all(sent)).map((events) => events.at(-1)?.type)).toEqual(Array(4).fill("run-end"));
    expect(parts.answering.conversations.open).toBe(2);
  });

  test("a failed reply leaves the conversation as it was", async () => {
    const parts = await start();
    const client = new ChatClient(parts.answering, { conversationIds: ["c"] });
    await client.say("look it up");
    const { history } = client;
    expect((await client.say("fail")).at(-1)?.type).toBe("error");
    client.history = history;
    await client.say("again");
    expect(visibleInShort(lastRequest(parts))).toEqual(inShort([...history, user("again")]));
  });
});
