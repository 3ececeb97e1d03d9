import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type Agent, defineTool, openAgent } from "@nanoagent/runtime";
import { expect, onTestFinished, test } from "vitest";
import { ConversationStore } from "../../src/conversations/conversation-store.js";
import { PermissionDesk } from "../../src/permissions/permission-desk.js";
import { TurnAnswering } from "../../src/turns/turn-answering.js";
import { askOf, assistant, ChatClient, callerTools, callsOf, inShort, user } from "./chat-client.js";
import { LookupEngine, lookup, visibleInShort } from "./lookup-engine.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };
const spec = { name: "house", capabilities: ["lookup"] };
const never = new AbortController().signal;
const conversationIds = ["c"];

interface Opened {
  engine: LookupEngine;
  agent: Agent;
  store: ConversationStore;
  answering: TurnAnswering;
  close: () => Promise<void>;
}

async function open(dir: string, tool = lookup): Promise<Opened> {
  const engine = new LookupEngine();
  const agent = await openAgent({ spec, device, session: { dir, fsync: "never" } }, { engine, tools: [tool] });
  const store = new ConversationStore({ limits: { max: 1 } });
  const answering = new TurnAnswering(agent, new PermissionDesk(), { store });
  const close = async () => {
    await answering.close();
    await agent.close();
  };
  onTestFinished(close);
  return { engine, agent, store, answering, close };
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const lastRequest = ({ engine }: Opened) => engine.requests.at(-1)?.messages ?? [];

/** Sends a message for another conversation, so that the one before is closed. */
async function sendElsewhere({ answering }: Opened): Promise<void> {
  await new ChatClient(answering, { conversationIds: ["elsewhere"] }).say("hello");
}

test("a client that returns to a history from before an empty one, which no reply followed, continues it", async () => {
  const parts = await open(await temporaryFolder());
  const client = new ChatClient(parts.answering, { conversationIds });
  await client.say("hello 1");
  const controller = new AbortController();
  for await (const { type } of await parts.answering.answer(
    askOf([user("hello 2")], { conversationIds }),
    controller.signal,
  )) {
    if (type === "run-start") controller.abort();
  }
  await sendElsewhere(parts);
  await client.say("hello 3");
  expect(inShort(lastRequest(parts))).toEqual(inShort(client.history.slice(0, -1)));
});

test("calls of the client stay the client's after restarts of the service", async () => {
  const dir = await temporaryFolder();
  let parts = await open(dir);
  const client = new ChatClient(parts.answering, { conversationIds, callerTools });
  const [call] = callsOf(await client.say("look and light"));
  await client.send({ role: "tool", content: "on", tool_call_id: call?.id });
  await client.say("hello 1");
  const { history } = client;
  for (const text of ["hello 2", "hello 3"]) {
    await parts.close();
    parts = await open(dir);
    // It leaves out the last reply and its question, so that the conversation restarts with the rest.
    const again = new ChatClient(parts.answering, { conversationIds, callerTools });
    again.history = history.slice(0, -2);
    await again.say(text);
    expect(
      lastRequest(parts)
        .map(({ role }) => role[0])
        .join(""),
    ).toBe("uattau");
  }
  await parts.close();
  parts = await open(dir);
  const dropping = new ChatClient(parts.answering, { conversationIds, callerTools });
  dropping.history = history.slice(0, -2).filter(({ role, tool_calls }) => role !== "tool" && tool_calls === undefined);
  await dropping.say("hello 4");
  expect(inShort(lastRequest(parts))).toEqual(inShort(dropping.history.slice(0, -1)));
});

test("a conversation that could not continue a history is not used again", async () => {
  const dir = await temporaryFolder();
  const parts = await open(dir);
  const client = new ChatClient(parts.answering, { conversationIds });
  await client.say("hello 1");
  const folder = path.join(dir, "c");
  await rename(folder, `${folder}-away`);
  await mkdir(folder);
  const controller = new AbortController();
  const before = [{ role: "user", content: "edited", timestamp: "2026-01-01T00:00:00.000Z" } as const];
  const opening = parts.store.open(parts.agent, { conversationIds, before, message: "hello 2" }, controller.signal);
  controller.abort();
  await expect(opening).rejects.toMatchObject({ code: "session-not-saved" });
  expect(parts.store.count).toBe(0);
  await rm(folder, { recursive: true });
  await rename(`${folder}-away`, folder);
  await client.say("hello 3");
  expect(inShort(lastRequest(parts))).toEqual(inShort(client.history.slice(0, -1)));
});

test("a conversation whose history was replaced restarts with its client's", async () => {
  const parts = await open(await temporaryFolder());
  const client = new ChatClient(parts.answering, { conversationIds });
  await client.say("hello 1");
  const { conversation, release } = await parts.store.open(
    parts.agent,
    askOf([...client.history, user("hello 2")], { conversationIds }),
  );
  conversation.reset();
  release(null);
  await client.say("look 3");
  expect(visibleInShort(lastRequest(parts).slice(0, 3))).toEqual(inShort(client.history.slice(0, 3)));
});

test("a client that leaves at a question has a conversation with the part that it has seen", async () => {
  const asking = defineTool({
    name: "lookup",
    description: "Looks something up.",
    input: { type: "object", properties: { key: { type: "string" } } },
    permission: "ask",
    run: () => "found",
  });
  const parts = await open(await temporaryFolder(), asking);
  const ask = askOf([user("look")], { conversationIds, mayAskClient: true });
  for await (const { type } of await parts.answering.answer(ask, never)) if (type === "permission") break;
  const client = new ChatClient(parts.answering, { conversationIds });
  client.history = [user("look"), assistant("One moment.")];
  await client.say("hello");
  expect(
    lastRequest(parts)
      .map(({ role }) => role[0])
      .join(""),
  ).toBe("uatau");
  client.history = [];
  await client.say("hello");
  expect(inShort(lastRequest(parts))).toEqual(["user: hello"]);
});
