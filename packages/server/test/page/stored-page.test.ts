import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { defineTool, EngineError } from "@nanoagent/runtime";
import { claimFolder } from "@nanoagent/runtime/node";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import { OpenPage, post, say, textOf } from "./page-client.js";
import { agentOf, type ServedPage, servePage, temporaryFolder } from "./serve-page.js";

const PATIENCE = { timeout: 20_000 };

async function sayAndWait(served: ServedPage, text: string, conversation: string | null = null): Promise<string> {
  const { conversation: id, turn } = await say(served.url, text, conversation);
  const page = await OpenPage.open(served.url, id);
  await vi.waitFor(() => expect(page.turns.find((one) => one.id === turn.id)?.state).toBe("done"), PATIENCE);
  await page.find("hello");
  page.close();
  return id;
}

/** Serves the page for a folder, without an engine of interest. */
const reopen = (dir: string) => servePage(["More."], { dir });

const indexOf = (dir: string) => JSON.parse(readFileSync(path.join(dir, "page.json"), "utf8"));
const remove = (url: string, id: string) => fetch(`${url}/page/conversations/${id}`, { method: "DELETE" });

async function twoConversations(dir: string): Promise<[string, string]> {
  const served = await servePage(["One.", "Two."], { dir });
  const one = await sayAndWait(served, "First question");
  const two = await sayAndWait(served, "Second question");
  await served.close();
  return [one, two];
}

test("after a restart, conversations are listed, shown with their tools, and continued", async () => {
  const dir = temporaryFolder();
  const look = defineTool({
    name: "look",
    description: "Looks.",
    input: { type: "object", properties: { at: { type: "string" } } },
    changesWorld: false,
    permission: "always",
    run: () => "5 °C",
  });
  const script = [
    { deltas: ["I look."], calls: [{ id: "call00001", name: "look", arguments: { at: "tank" } }] },
    "5 °C.",
  ];
  const first = await servePage(script, { tools: [look], dir });
  const id = await sayAndWait(first, "How warm\nis it?");
  await first.close();
  expect(indexOf(dir)).toEqual({
    format: 1,
    conversations: [{ id, title: "How warm is it?", updated_at: expect.stringMatching(/Z$/) }],
    turns: [{ conversation: id, turn: expect.any(String), at: expect.stringMatching(/Z$/) }],
  });
  expect(statSync(path.join(dir, "page.json")).mode & 0o777).toBe(0o600);
  expect(readdirSync(dir).toSorted()).toEqual(["page.json", id].toSorted());

  const engine = new ScriptedEngine(["Yes."]);
  const second = await servePage(engine, { tools: [look], dir });
  const page = await OpenPage.open(second.url, id);
  expect(page.hello.conversations).toMatchObject([{ id, title: "How warm is it?", is_busy: false }]);
  expect(page.hello.conversation).toMatchObject({
    title: "How warm is it?",
    has_older: false,
    turns: [
      {
        message: "How warm\nis it?",
        state: "done",
        parts: [
          { type: "text", text: "I look." },
          { type: "tool", name: "look", arguments: '{\n  "at": "tank"\n}', state: "ended", result: "5 °C" },
          { type: "text", text: "5 °C." },
        ],
      },
    ],
  });
  const restart = vi.fn();
  const converse = second.agent.converse.bind(second.agent);
  vi.spyOn(second.agent, "converse").mockImplementation(async (options) => {
    const conversation = await converse(options);
    vi.spyOn(conversation, "restart").mockImplementation(restart);
    return conversation;
  });
  await sayAndWait(second, "Is that enough?", id);
  expect(restart).not.toHaveBeenCalled();
  expect(engine.requests[0]?.messages.map(({ role }) => role)).toEqual([
    "user",
    "assistant",
    "tool",
    "assistant",
    "user",
  ]);
});

test.each([
  ["missing", null],
  ["empty", ""],
  ["cut off", '{"format":1,"conversations":[{"id":"page-'],
  ["another JSON", '["page"]'],
  ["null", "null"],
  [
    "with wrong entries",
    '{"format":1,"conversations":[null,5,{"id":"../x","title":"t","updated_at":"2026-01-01"},{"id":7}]}',
  ],
  ["too large", (text: string) => text.replaceAll("question", "answer").padEnd(3 * 1024 * 1024 + 1)],
])("an index that is %s is made again from the folders", async (_name, content) => {
  const dir = temporaryFolder();
  const [one, two] = await twoConversations(dir);
  const file = path.join(dir, "page.json");
  if (content === null) rmSync(file);
  else writeFileSync(file, typeof content === "string" ? content : content(readFileSync(file, "utf8")));
  const served = await reopen(dir);
  const page = await OpenPage.open(served.url, one);
  expect(page.hello.conversations.map(({ id, title }) => [id, title])).toEqual([
    [two, "Second question"],
    [one, "First question"],
  ]);
  expect(page.turns.map(textOf)).toEqual(["One."]);
  await sayAndWait(served, "Third question", one);
  await served.close();
  expect(indexOf(dir).conversations.map(({ id }: { id: string }) => id)).toEqual([one, two]);
});

test("an index of a newer format is left as it is, and the page works without the list", async () => {
  const dir = temporaryFolder();
  const [one] = await twoConversations(dir);
  const file = path.join(dir, "page.json");
  const newer = '{"format":2,"shelves":[]}';
  writeFileSync(file, newer);
  const served = await reopen(dir);
  expect((await OpenPage.open(served.url, one)).hello).toMatchObject({ conversations: [], conversation: null });
  const id = await sayAndWait(served, "hello");
  expect((await OpenPage.open(served.url)).hello.conversations).toMatchObject([{ id }]);
  await served.close();
  expect(readFileSync(file, "utf8")).toBe(newer);
  expect(served.log).toContainEqual(
    expect.objectContaining({ level: "warn", event: "page-index-unusable", message: expect.stringContaining("newer") }),
  );
});

test("a folder in the place of the index is moved away, and the list is written", async () => {
  const dir = temporaryFolder();
  const served = await reopen(dir);
  mkdirSync(path.join(dir, "page.json"));
  const id = await sayAndWait(served, "hello");
  await served.close();
  expect(indexOf(dir).conversations).toMatchObject([{ id }]);
  expect(served.log).toContainEqual(expect.objectContaining({ level: "warn", event: "page-index-damaged" }));
});

test("an index that cannot be written is said once for each write, and costs no reply", async () => {
  const dir = temporaryFolder();
  const served = await reopen(dir);
  vi.spyOn(Date, "now").mockReturnValue(1_800_000_000_000);
  onTestFinished(() => void vi.restoreAllMocks());
  for (const name of ["page.json", "page.json.damaged-1800000000000"])
    mkdirSync(path.join(dir, name, "full"), { recursive: true });
  await sayAndWait(served, "hello");
  await vi.waitFor(
    () => expect(served.log).toContainEqual(expect.objectContaining({ event: "page-index-not-saved" })),
    PATIENCE,
  );
});

test("folders that are not of the page are neither listed nor opened nor removed", async () => {
  const dir = temporaryFolder();
  const uuid = "0b0e7f2c-1d7f-4a35-9d32-6a3c5d0d3a11";
  for (const name of ["kitchen", "page-", "page-notes", `page-${uuid}`]) mkdirSync(path.join(dir, name));
  const served = await reopen(dir);
  const page = await OpenPage.open(served.url, `page-${uuid}`);
  expect(page.hello).toMatchObject({ conversations: [], conversation: null });
  for (const id of ["kitchen", "page-notes", `page-${uuid}`, "..", "../x", "%2e%2e%2f", "page.json", "."]) {
    expect((await remove(served.url, id)).status, id).toBeGreaterThanOrEqual(404);
  }
  expect(readdirSync(dir)).toHaveLength(4);
});

test("a conversation is removed from disk, also while it is answered, and does not come back", async () => {
  const dir = temporaryFolder();
  const [one, two] = await twoConversations(dir);
  const served = await servePage([{ deltas: ["a", "b"], delayMilliseconds: 30_000 }], { dir });
  const { conversation } = await say(served.url, "hello");
  await say(served.url, "hello", one);
  for (const id of [conversation, one]) expect((await remove(served.url, id)).status).toBe(200);
  await served.close();
  expect(readdirSync(dir).toSorted()).toEqual(["page.json", two].toSorted());
  const again = await reopen(dir);
  expect((await OpenPage.open(again.url)).hello.conversations.map(({ id }) => id)).toEqual([two]);
});

test("a folder with other files, in use elsewhere, or behind a link is not removed", async () => {
  const dir = temporaryFolder();
  const [one, two] = await twoConversations(dir);
  const outside = temporaryFolder();
  const third = one.replace(/.$/, one.endsWith("0") ? "1" : "0");
  writeFileSync(path.join(outside, "precious"), "x");
  writeFileSync(path.join(dir, one, "notes.txt"), "mine");
  const index = indexOf(dir);
  index.conversations.push({ id: third, title: "t", updated_at: "2026-01-01T00:00:00.000Z" });
  writeFileSync(path.join(dir, "page.json"), JSON.stringify(index));
  const served = await reopen(dir);
  await OpenPage.open(served.url);
  const claim = await claimFolder(path.join(dir, two), "another program");
  symlinkSync(outside, path.join(dir, third));
  for (const [id, hint] of [
    [one, "Look at what is in it"],
    [two, "End that program"],
  ] as const) {
    const answer = await remove(served.url, id);
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({
      error: { code: "conversation_not_removed", message: expect.stringContaining(hint) },
    });
  }
  expect((await remove(served.url, third)).status).toBe(404);
  await claim.release();
  expect(existsSync(path.join(dir, one, "notes.txt"))).toBe(true);
  expect(existsSync(path.join(outside, "precious"))).toBe(true);
  // Both are listed again, and can be read.
  const page = await OpenPage.open(served.url, two);
  expect(page.hello.conversations.map(({ id }) => id)).toEqual([two, one]);
  expect(page.turns.map(textOf)).toEqual(["Two."]);
  expect((await remove(served.url, two)).status).toBe(200);
  expect(existsSync(path.join(dir, two))).toBe(false);
});

test("a conversation whose folder was removed by somebody else leaves the list when it is opened", async () => {
  const dir = temporaryFolder();
  const [one, two] = await twoConversations(dir);
  const served = await reopen(dir);
  const page = await OpenPage.open(served.url);
  rmSync(path.join(dir, one), { recursive: true });
  expect((await OpenPage.open(served.url, one)).hello.conversation).toBeNull();
  await page.find("conversations", ({ conversations }) => conversations.length === 1 && conversations[0]?.id === two);
  expect((await post(served.url, "/page/messages", { conversation: one, message: "x" })).status).toBe(404);
});

test("damage in a stored conversation costs only the damaged turns", async () => {
  const dir = temporaryFolder();
  const served = await servePage(["One.", "Two.", "Three."], { dir });
  const id = await sayAndWait(served, "1");
  for (const text of ["2", "3"]) await sayAndWait(served, text, id);
  await served.close();
  const segment = path.join(dir, id, readdirSync(path.join(dir, id)).find((name) => name.startsWith("journal-")) ?? "");
  writeFileSync(segment, readFileSync(segment, "utf8").replace("Two.", "Tvo."));
  const again = await reopen(dir);
  const page = await OpenPage.open(again.url, id);
  expect(page.turns.map(textOf)).toEqual(["One.", "Three."]);
  await sayAndWait(again, "4", id);
  expect(page.turns.map(textOf)).toEqual(["One.", "Three.", "More."]);
});

test("a reply that was stopped is shown as stopped after a restart", async () => {
  const dir = temporaryFolder();
  const slow = {
    deltas: ["one ", ...Array.from({ length: 500 }, (_one, index) => `${index} `)],
    delayMilliseconds: 20,
  };
  const served = await servePage([slow], { dir });
  const { conversation, turn } = await say(served.url, "count");
  const page = await OpenPage.open(served.url, conversation);
  await vi.waitFor(() => expect(textOf(page.turns[0])).toContain("one"), PATIENCE);
  await post(served.url, "/page/stop", { conversation });
  const shown = textOf(await page.turnEnd(turn.id)).trim();
  await served.close();
  const again = await OpenPage.open((await reopen(dir)).url, conversation);
  expect(again.turns).toMatchObject([{ message: "count", state: "stopped", parts: [{ type: "text", text: shown }] }]);
});

test("a turn that failed after a call is shown as failed after every restart; the call, without its outcome", async () => {
  const dir = temporaryFolder();
  const lock = defineTool({
    name: "lock",
    description: "Locks the door.",
    input: { type: "object", properties: {} },
    permission: "always",
    run: () => {
      throw new Error("The bolt is stuck.");
    },
  });
  const script = [
    { deltas: ["I lock it."], calls: [{ id: "call00001", name: "lock", arguments: {} }] },
    { error: new EngineError({ code: "engine-failed", message: "It failed." }) },
  ];
  const first = await servePage(script, { tools: [lock], dir });
  const { conversation, turn } = await say(first.url, "Lock the door");
  const page = await OpenPage.open(first.url, conversation);
  await vi.waitFor(() => expect(page.turns[0]?.state).toBe("failed"), PATIENCE);
  const [shown] = page.turns;
  expect(shown).toMatchObject({ id: turn.id, error: { message: expect.any(String) } });
  expect(shown?.parts[1]).toMatchObject({ name: "lock", state: "failed" });
  await first.close();
  for (let time = 0; time < 2; time++) {
    const again = await reopen(dir);
    const { turns } = await OpenPage.open(again.url, conversation);
    expect(turns).toMatchObject([{ id: turn.id, state: "failed", error: shown?.error }]);
    expect(turns[0]?.parts[1]).toMatchObject({ name: "lock", state: "ended" });
    await again.close();
  }
});

test("a turn that was stopped while its tool ran is shown once after a restart", async () => {
  const dir = temporaryFolder();
  let isCalled = false;
  const dig = defineTool({
    name: "dig",
    description: "Digs a hole.",
    input: { type: "object", properties: {} },
    permission: "always",
    async run(_input, { signal }) {
      isCalled = true;
      await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      return "never";
    },
  });
  const first = await servePage([{ calls: [{ id: "call00001", name: "dig", arguments: {} }] }], { tools: [dig], dir });
  const { conversation, turn } = await say(first.url, "Dig");
  await vi.waitFor(() => expect(isCalled).toBe(true), PATIENCE);
  const page = await OpenPage.open(first.url, conversation);
  await post(first.url, "/page/stop", { conversation });
  await vi.waitFor(() => expect(page.turns[0]?.state).toBe("stopped"), PATIENCE);
  await first.close();
  for (let time = 0; time < 2; time++) {
    const again = await reopen(dir);
    const { turns } = await OpenPage.open(again.url, conversation);
    expect(turns).toMatchObject([{ id: turn.id, state: "stopped" }]);
    expect(turns[0]?.parts[0]).toMatchObject({ name: "dig" });
    await again.close();
  }
});

test("after a reload with another session folder, both the conversations in memory and those there go on", async () => {
  const there = temporaryFolder();
  const [stored] = await twoConversations(there);
  const here = temporaryFolder();
  const served = await servePage(["Here."], { dir: here });
  const id = await sayAndWait(served, "In memory");
  const engine = new ScriptedEngine(["There."]);
  const open = () => agentOf(engine, { dir: there });
  expect(await served.server.replaceAgent(open, open)).toBe(true);
  const page = await OpenPage.open(served.url, id);
  expect(page.hello.conversations).toHaveLength(3);
  await sayAndWait(served, "Go on", id);
  expect(engine.requests[0]?.messages.map(({ content }) => content)).toEqual(["In memory", "Here.", "Go on"]);
  await sayAndWait(served, "Go on", stored);
  expect(engine.requests[1]?.messages.map(({ content }) => content)).toEqual(["First question", "One.", "Go on"]);
  await served.close();
  expect(
    indexOf(there)
      .conversations.map((one: { id: string }) => one.id)
      .slice(0, 2),
  ).toEqual([stored, id]);
  expect(existsSync(path.join(there, id))).toBe(true);
});

test("a list that is made again has 64 conversations, also if folders without turns are among the newest", async () => {
  const dir = temporaryFolder();
  const served = await servePage(new ScriptedEngine(["Yes."]), { dir, settings: { conversations: { max: 2 } } });
  const first = await sayAndWait(served, "hello");
  await served.close();
  const segment = readdirSync(path.join(dir, first)).find((name) => name.startsWith("journal-")) ?? "";
  const journal = readFileSync(path.join(dir, first, segment), "utf8");
  for (let number = 0; number < 80; number++) {
    const folder = path.join(dir, `page-${crypto.randomUUID()}`);
    mkdirSync(folder);
    // Every fourth one has no turn.
    if (number % 4 > 0) writeFileSync(path.join(folder, segment), journal);
  }
  rmSync(path.join(dir, "page.json"));
  const again = await reopen(dir);
  expect((await OpenPage.open(again.url)).hello.conversations).toHaveLength(61);
  await again.close();
  for (let number = 0; number < 20; number++) {
    const folder = path.join(dir, `page-${crypto.randomUUID()}`);
    mkdirSync(folder);
    if (number > 9) writeFileSync(path.join(folder, segment), journal);
  }
  rmSync(path.join(dir, "page.json"), { force: true });
  expect((await OpenPage.open((await reopen(dir)).url)).hello.conversations).toHaveLength(64);
});
