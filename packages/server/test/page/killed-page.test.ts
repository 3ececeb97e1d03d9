import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { readSession } from "@nanoagent/runtime/node";
import type { ScriptedReply } from "@nanoagent/runtime/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { OpenPage, post, say, textOf } from "./page-client.js";
import { buildPageProgram, type PageProcess, startPage } from "./start-page.js";

const INTERRUPTED = "The service ended before the reply was complete. Send the message again if it is still needed.";
/** A reply of which a piece comes, and then nothing more. */
const slow: ScriptedReply = {
  deltas: ["Begin. ", ...Array.from({ length: 2000 }, (_one, index) => `${index} `)],
  delayMilliseconds: 50,
};

let folder: string;
let program: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-page-"));
  program = await buildPageProgram(folder);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function sessionFolder(): string {
  const parent = mkdtempSync(path.join(os.tmpdir(), "na-"));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  const dir = path.join(parent, "sessions");
  mkdirSync(dir);
  return dir;
}

async function sayToEnd({ url }: PageProcess, message: string, conversation: string | null = null) {
  const sent = await say(url, message, conversation);
  const page = await OpenPage.open(url, sent.conversation);
  const hasEnded = () => page.turns.find(({ id }) => id === sent.turn.id)?.state === "done";
  if (!hasEnded()) await page.turnEnd(sent.turn.id);
  page.close();
  return sent;
}

const shown = (page: OpenPage) =>
  page.turns.map((turn) => [turn.message, turn.state, turn.error?.message ?? textOf(turn)]);

describe("after kill -9", () => {
  test.each([
    ["in the middle of a reply", true],
    ["right after the message was confirmed", false],
  ])("%s, a new conversation shows its message", async (_name, waits) => {
    const dir = sessionFolder();
    const first = await startPage(program, dir, [slow]);
    const { conversation, turn } = await say(first.url, "Water the tomatoes");
    if (waits) {
      const page = await OpenPage.open(first.url, conversation);
      if (textOf(page.turns[0]) === "") await page.find("turn", ({ turn: { parts } }) => parts.length > 0);
      page.close();
    }
    await first.end("SIGKILL");
    const second = await startPage(program, dir, ["They have water."]);
    const page = await OpenPage.open(second.url, conversation);
    expect(page.hello.conversations).toMatchObject([{ id: conversation, title: "Water the tomatoes", is_busy: false }]);
    expect(page.turns).toMatchObject([
      {
        id: turn.id,
        message: "Water the tomatoes",
        at: turn.at,
        state: "failed",
        parts: [],
        error: { message: INTERRUPTED },
        note: null,
      },
    ]);
    await sayToEnd(second, "Water them now", conversation);
    const expected = [
      ["Water the tomatoes", "failed", INTERRUPTED],
      ["Water them now", "done", "They have water."],
    ];
    await vi.waitFor(() => expect(shown(page)).toEqual(expected), { timeout: 20_000 });
    await second.end("SIGKILL");
    const third = await OpenPage.open((await startPage(program, dir, [])).url, conversation);
    expect(shown(third)).toEqual(shown(page));
    expect(third.turns.map(({ id }) => id)).toEqual(page.turns.map(({ id }) => id));
  });

  test("a conversation has its turns, and those that ran and waited at their places", async () => {
    const dir = sessionFolder();
    const first = await startPage(program, dir, ["One.", slow]);
    const { conversation, turn } = await sayToEnd(first, "1");
    const running = await say(first.url, "2", conversation);
    const waiting = await say(first.url, "3", conversation);
    await first.end("SIGKILL");
    const second = await startPage(program, dir, ["Four."]);
    await sayToEnd(second, "4", conversation);
    for (const isLater of [false, true]) {
      const { url } = isLater ? await restart(second, dir) : second;
      const page = await OpenPage.open(url, conversation);
      expect(shown(page)).toEqual([
        ["1", "done", "One."],
        ["2", "failed", INTERRUPTED],
        ["3", "failed", INTERRUPTED],
        ["4", "done", "Four."],
      ]);
      expect(page.turns.slice(0, 3).map(({ id }) => id)).toEqual([turn.id, running.turn.id, waiting.turn.id]);
      page.close();
    }
  });

  test("during a tool, the message is shown once", async () => {
    const dir = sessionFolder();
    const calls = [{ id: "call00001", name: "wait", arguments: {} }];
    const first = await startPage(program, dir, [{ deltas: ["I wait."], calls }]);
    const { conversation, turn } = await say(first.url, "Wait for me");
    const page = await OpenPage.open(first.url, conversation);
    if (textOf(page.turns[0]).includes("[wait]") === false) {
      await page.find("turn", ({ turn: { parts } }) => parts.some(({ type }) => type === "tool"));
    }
    const journal = () => {
      const names = readdirSync(path.join(dir, conversation)).filter((name) => name.startsWith("journal-"));
      return names.map((name) => readFileSync(path.join(dir, conversation, name), "utf8")).join("");
    };
    await vi.waitFor(() => expect(journal()).toContain("call00001"), { timeout: 20_000 });
    await first.end("SIGKILL");
    const second = await startPage(program, dir, ["Here I am."]);
    const again = await OpenPage.open(second.url, conversation);
    expect(again.turns).toMatchObject([
      { id: turn.id, message: "Wait for me", state: "stopped", parts: [{ type: "text" }, { type: "tool" }, {}] },
    ]);
    expect(JSON.stringify(again.turns)).toContain("It may have happened");
    await sayToEnd(second, "Go on", conversation);
    const third = await restart(second, dir);
    // The agent knows of the call: its conversation did not begin again.
    let begun = 0;
    for await (const { begins_conversation } of readSession(path.join(dir, conversation)))
      if (begins_conversation) begun += 1;
    expect(begun).toBe(1);
    const later = await OpenPage.open(third.url, conversation);
    expect(later.turns.map(({ id, message }) => [id, message])).toEqual([
      [turn.id, "Wait for me"],
      [expect.any(String), "Go on"],
    ]);
  });

  test("a message that is sent again with its id is not answered again", async () => {
    const dir = sessionFolder();
    const first = await startPage(program, dir, ["One.", slow]);
    const ids = [crypto.randomUUID(), crypto.randomUUID()];
    const send = ({ url }: PageProcess, message: string, id: string | undefined, conversation: string | null) =>
      post(url, "/page/messages", { conversation, message, id });
    const { json } = await send(first, "done", ids[0], null);
    const { conversation } = json;
    const page = await OpenPage.open(first.url, conversation);
    if (page.turns[0]?.state !== "done") await page.turnEnd(json.turn.id);
    await send(first, "cut off", ids[1], conversation);
    await first.end("SIGKILL");
    const second = await startPage(program, dir, ["Again."]);
    for (const [index, message] of ["done", "cut off"].entries()) {
      for (const to of [conversation, null]) {
        const again = await send(second, message, ids[index], to);
        expect(again).toMatchObject({ status: 202, json: { conversation, turn: { id: ids[index], message } } });
      }
    }
    expect(shown(await OpenPage.open(second.url, conversation))).toEqual([
      ["done", "done", "One."],
      ["cut off", "failed", INTERRUPTED],
    ]);
  });
});

/** Ends a service in an orderly way, and starts another one. */
async function restart(service: PageProcess, dir: string): Promise<PageProcess> {
  await service.end("SIGTERM");
  return startPage(program, dir, []);
}

test("after SIGTERM, a reply that had not begun is shown as stopped", async () => {
  const dir = sessionFolder();
  const first = await startPage(program, dir, [{ deltas: ["x"], delayMilliseconds: 60_000 }]);
  const { conversation, turn } = await say(first.url, "hello");
  await fetch(`${first.url}/page/stop`, {
    method: "POST",
    body: JSON.stringify({ conversation }),
    headers: { "content-type": "application/json" },
  });
  const second = await restart(first, dir);
  const page = await OpenPage.open(second.url, conversation);
  expect(page.turns).toMatchObject([{ id: turn.id, message: "hello", state: "stopped", error: null }]);
  const removed = await fetch(`${second.url}/page/conversations/${conversation}`, { method: "DELETE" });
  expect(removed.status).toBe(200);
  expect(existsSync(path.join(dir, conversation))).toBe(false);
  await second.end("SIGTERM");
  expect(readdirSync(dir)).toEqual(["page.json"]);
});
