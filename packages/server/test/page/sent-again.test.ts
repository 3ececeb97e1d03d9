import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { EngineError } from "@nanoagent/runtime";
import type { ScriptedReply } from "@nanoagent/runtime/testing";
import { describe, expect, test, vi } from "vitest";
import type { PageTurn } from "../../src/page/page-events.js";
import { OpenPage, post, say, textOf } from "./page-client.js";
import { never, type ServedPage, servePage, temporaryFolder } from "./serve-page.js";

const PATIENCE = { timeout: 20_000 };
const failure: ScriptedReply = { error: new EngineError({ code: "engine-failed", message: "It failed." }) };

const send = ({ url }: ServedPage, message: string, id: unknown, conversation: string | null = null) =>
  post(url, "/page/messages", { conversation, message, id });

async function sayToEnd({ url }: ServedPage, message: string, conversation: string | null = null) {
  const sent = await say(url, message, conversation);
  const page = await OpenPage.open(url, sent.conversation);
  await vi.waitFor(
    () => expect(page.turns.find(({ id }) => id === sent.turn.id)?.state).toMatch(/done|failed|stopped/),
    PATIENCE,
  );
  page.close();
  return sent.conversation;
}

describe("a message with an id", () => {
  test("begins one turn, however often and wherever it is sent", async () => {
    const served = await servePage(["Yes."]);
    const id = crypto.randomUUID();
    const first = await Promise.all(Array.from({ length: 5 }, () => send(served, "hello", id)));
    const { conversation } = first[0]?.json ?? {};
    for (const sent of first) expect(sent).toMatchObject({ status: 202, json: { conversation, turn: { id } } });
    const page = await OpenPage.open(served.url, conversation);
    await vi.waitFor(() => expect(page.turns).toMatchObject([{ id, state: "done" }]), PATIENCE);
    for (const to of [null, conversation ?? null]) {
      expect(await send(served, "hello", id, to)).toMatchObject({
        status: 202,
        json: { conversation, turn: { id, state: "done" } },
      });
    }
    expect((await OpenPage.open(served.url)).hello.conversations).toHaveLength(1);
    expect(served.engine.requests).toHaveLength(1);
  });

  test("gets its first answer also while the queue is full", async () => {
    const served = await servePage([never]);
    const id = crypto.randomUUID();
    const { conversation } = (await send(served, "1", id)).json;
    for (let number = 2; number <= 17; number++) await say(served.url, String(number), conversation);
    const refused = crypto.randomUUID();
    expect((await send(served, "18", refused, conversation)).status).toBe(429);
    expect(await send(served, "1", id, conversation)).toMatchObject({ status: 202, json: { turn: { id } } });
    await post(served.url, "/page/stop", { conversation });
    // One that was refused can be sent again.
    await vi.waitFor(async () => expect((await send(served, "18", refused, conversation)).status).toBe(202), PATIENCE);
    await post(served.url, "/page/stop", { conversation });
  });

  test("does not run twice after it has left the list of messages", async () => {
    const served = await servePage([never]);
    const id = crypto.randomUUID();
    const { conversation } = (await send(served, "first", id)).json;
    for (let count = 0; count < 5; count++) await say(served.url, "x".repeat(250_000), conversation);
    expect(await send(served, "first", id)).toMatchObject({
      status: 202,
      json: { conversation, turn: { id, state: "running" } },
    });
    const page = await OpenPage.open(served.url, conversation);
    expect(page.hello.conversations).toHaveLength(1);
    await post(served.url, "/page/stop", { conversation });
    expect((await page.turnEnd(id)).state).toBe("stopped");
    expect(served.engine.requests).toHaveLength(1);
  });

  test.each([5, "", "x", "0B0E7F2C-1d7f-4a35-9d32-6a3c5d0d3a11", ["a"]])("that is %j is refused", async (id) => {
    const served = await servePage(["Yes."]);
    expect(await send(served, "hello", id)).toMatchObject({ status: 400, json: { error: { param: "id" } } });
  });

  test("begins again after its conversation was removed", async () => {
    const served = await servePage(["Yes."]);
    const id = crypto.randomUUID();
    const { conversation } = (await send(served, "hello", id)).json;
    await fetch(`${served.url}/page/conversations/${conversation}`, { method: "DELETE" });
    const again = await send(served, "hello", id);
    expect(again.status).toBe(202);
    expect(again.json.conversation).not.toBe(conversation);
  });
});

describe("a turn that the conversation did not keep", () => {
  test.each([
    ["failed", [failure, "Yes."]],
    ["stopped", [never, "Yes."]],
  ] as const)("because it %s is shown after a restart, and is not sent to the agent", async (state, replies) => {
    const dir = temporaryFolder();
    const first = await servePage(replies, { dir });
    const { conversation, turn } = await say(first.url, "hello");
    if (state === "stopped") await post(first.url, "/page/stop", { conversation });
    const page = await OpenPage.open(first.url, conversation);
    await vi.waitFor(() => expect(page.turns[0]?.state).toBe(state), PATIENCE);
    const shown = page.turns;
    await first.close();
    const second = await servePage(["Yes."], { dir });
    const again = await OpenPage.open(second.url, conversation);
    expect(again.hello.conversations).toMatchObject([{ id: conversation, title: "hello" }]);
    expect(again.turns).toEqual(shown);
    expect(again.turns[0]?.id).toBe(turn.id);
    await sayToEnd(second, "again", conversation);
    expect(second.engine.requests[0]?.messages.map(({ content }) => content)).toEqual(["again"]);
    await vi.waitFor(() => expect(again.turns.map(({ message }) => message)).toEqual(["hello", "again"]), PATIENCE);
    const removed = await fetch(`${second.url}/page/conversations/${conversation}`, { method: "DELETE" });
    expect(removed.status).toBe(200);
    await second.close();
    expect(readdirSync(dir)).toEqual(["page.json"]);
    expect(readFileSync(path.join(dir, "page.json"), "utf8")).not.toContain("hello");
  });

  test("leaves no folder behind when nobody knows of it any longer", async () => {
    const dir = temporaryFolder();
    const first = await servePage([failure, "Yes."], { dir });
    const failed = await sayToEnd(first, "hello");
    const kept = await sayToEnd(first, "hello");
    await first.close();
    rmSync(path.join(dir, "page.json"));
    const folders = () => readdirSync(dir).filter((name) => name.startsWith("page-"));
    const lock = path.join(dir, failed, "lock-0123456789abcdef.socket");
    mkdirSync(path.dirname(lock), { recursive: true });
    writeFileSync(lock, "");
    const second = await servePage(["Yes."], { dir });
    expect((await OpenPage.open(second.url)).hello.conversations.map(({ id }) => id)).toEqual([kept]);
    expect(folders()).toEqual([kept]);
  });
});

test("turns have the same ids and notes when they are read again, in this run and after a restart", async () => {
  const dir = temporaryFolder();
  const first = await servePage(["One.", "", failure, "Four."], { dir });
  const conversation = await sayToEnd(first, "1");
  for (const message of ["2", "3", "4"]) await sayToEnd(first, message, conversation);
  const before = (await OpenPage.open(first.url, conversation)).turns;
  expect(before.map(({ note, state }) => [state, note])).toEqual([
    ["done", null],
    ["done", "The agent gave no reply."],
    ["failed", null],
    ["done", null],
  ]);
  const facts = (page: OpenPage) =>
    page.turns.map((turn) => [turn.id, turn.message, turn.state, turn.note, textOf(turn)]);
  const expected = before.map((turn) => [turn.id, turn.message, turn.state, turn.note, textOf(turn)]);
  // Without an id of the page's own, the place in the journal is the id.
  const second = await servePage(["Five."], { dir });
  expect(facts(await OpenPage.open(second.url, conversation))).toEqual(expected);
  await second.close();
  const file = path.join(dir, "page.json");
  const { turns: _turns, unfinished: _unfinished, ...rest } = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, JSON.stringify(rest));
  const ids = [];
  for (let time = 0; time < 2; time++) {
    const served = await servePage(["Five."], { dir });
    ids.push((await OpenPage.open(served.url, conversation)).turns.map(({ id }) => id));
    await served.close();
  }
  expect(ids[0]).toEqual(ids[1]);
  expect(new Set(ids[0]).size).toBe(3);
});

test("a conversation that left the memory is read again with the same turns", async () => {
  const dir = temporaryFolder();
  // Each is counted with two bytes for a character, and once more for the history.
  const long = Array.from({ length: 12_000 }, (_one, index) => `word${index} `).join("");
  const served = await servePage(["One.", failure, "Three.", "Bee.", ...Array.from({ length: 24 }, () => long)], {
    dir,
  });
  const conversation = await sayToEnd(served, "1");
  for (const message of ["2", "3"]) await sayToEnd(served, message, conversation);
  const newer = await sayToEnd(served, "newer");
  const before = await OpenPage.open(served.url, conversation);
  const asleep = before.turns;
  before.close();
  for (let number = 0; number < 24; number++) await sayToEnd(served, `other ${number}`);
  // A newer one is not in memory any longer, either: what is on disk is shown.
  const segment = readdirSync(path.join(dir, newer)).find((name) => name.startsWith("journal-")) ?? "";
  const file = path.join(dir, newer, segment);
  writeFileSync(file, readFileSync(file, "utf8").replace("Bee.", "Bea."));
  expect((await OpenPage.open(served.url, newer)).turns).toEqual([]);
  const page = await OpenPage.open(served.url, conversation);
  const facts = (turns: readonly PageTurn[]) => turns.map(({ id, state, note }) => [id, state, note]);
  expect(facts(page.turns)).toEqual(facts(asleep));
  expect(page.turns.map(textOf)).toEqual(["One.", "", "Three."]);
});
