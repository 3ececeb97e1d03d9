import path from "node:path";
import { defineTool, EngineError } from "@nanoagent/runtime";
import { readSession } from "@nanoagent/runtime/node";
import { ScriptedEngine, type ScriptedReply } from "@nanoagent/runtime/testing";
import { describe, expect, test, vi } from "vitest";
import { OpenPage, post, say, textOf } from "./page-client.js";
import { never, type ServedPage, servePage, temporaryFolder } from "./serve-page.js";

const PATIENCE = { timeout: 20_000 };

const look = defineTool({
  name: "look",
  description: "Looks.",
  input: { type: "object", properties: {} },
  changesWorld: false,
  permission: "always",
  run: () => "5 °C",
});
const call = (id: string) => ({ id, name: "look", arguments: {} });

/** Counts how often a conversation of the agent restarts with a history that the page sent. */
function countRestarts({ agent }: ServedPage): () => number {
  let restarts = 0;
  const converse = agent.converse.bind(agent);
  vi.spyOn(agent, "converse").mockImplementation(async (options) => {
    const conversation = await converse(options);
    const restart = conversation.restart.bind(conversation);
    vi.spyOn(conversation, "restart").mockImplementation((...given) => {
      restarts += 1;
      return restart(...given);
    });
    return conversation;
  });
  return () => restarts;
}

/** Sends messages one after the other, each when the one before has ended. */
async function sayAll(served: ServedPage, count: number): Promise<{ conversation: string; page: OpenPage }> {
  const first = await say(served.url, "message 1");
  const page = await OpenPage.open(served.url, first.conversation);
  const ended = async (id: string) =>
    vi.waitFor(() => expect(page.turns.find((turn) => turn.id === id)?.state).not.toMatch(/waiting|running/), PATIENCE);
  await ended(first.turn.id);
  for (let number = 2; number <= count; number++) {
    await ended((await say(served.url, `message ${number}`, first.conversation)).turn.id);
  }
  return { conversation: first.conversation, page };
}

const replies: Record<string, readonly ScriptedReply[]> = {
  "plain texts": ["One.", "Two.", "Three."],
  "texts before and after a tool": [
    { deltas: ["Let me", " look."], calls: [call("call00001")] },
    "It is 5 °C.",
    { deltas: ["  Again: "], calls: [call("call00002")] },
    " \n still 5 °C.\n",
    "Bye.",
  ],
  "calls without a text": [{ calls: [call("call00001")] }, { calls: [call("call00002")] }, "5 °C.", "Yes.", "No."],
  "empty texts": ["", "Two.", "  \n ", "Four."],
  "a failure before any text": [
    "One.",
    { error: new EngineError({ code: "engine-failed", message: "It failed." }) },
    "Three.",
    "Four.",
  ],
  "a failure after a text": [
    "One.",
    { deltas: ["Two and"], error: new EngineError({ code: "engine-failed", message: "It failed." }) },
    "Three.",
    "Four.",
  ],
};

describe.each([false, true])("with a session: %s, a conversation", (isStored) => {
  test.each(Object.entries(replies))("with %s continues without a restart", async (_name, script) => {
    const dir = isStored ? temporaryFolder() : undefined;
    const served = await servePage(script, { tools: [look], dir });
    const restarts = countRestarts(served);
    const { conversation, page } = await sayAll(served, 4);
    expect(restarts()).toBe(0);
    expect(page.turns).toHaveLength(4);
    // The engine always read the whole conversation so far.
    const counts = served.engine.requests.map(({ messages }) => messages.filter(({ role }) => role === "user").length);
    expect(Math.max(...counts)).toBeGreaterThanOrEqual(script.length === 4 ? 3 : 4);
    if (dir === undefined) return;
    let begun = 0;
    for await (const turn of readSession(path.join(dir, conversation))) if (turn.begins_conversation) begun += 1;
    expect(begun).toBe(1);
  });

  test("with replies that were stopped, before and after their first text, continues without a restart", async () => {
    const dir = isStored ? temporaryFolder() : undefined;
    const slow: ScriptedReply = {
      deltas: ["a", "b", ...Array.from({ length: 1000 }, () => ".")],
      delayMilliseconds: 20,
    };
    const served = await servePage(["One.", never, "Three.", slow, "Five.", "Six."], { dir });
    const restarts = countRestarts(served);
    const { conversation, page } = await sayAll(served, 1);
    const stopWhen = async (text: string) => {
      const { turn } = await say(served.url, "stopped", conversation);
      const shown = () => page.turns.find(({ id }) => id === turn.id);
      await vi.waitFor(() => expect(shown()?.state).toBe("running"), PATIENCE);
      await vi.waitFor(() => expect(textOf(shown())).toContain(text), PATIENCE);
      await post(served.url, "/page/stop", { conversation });
      expect((await page.turnEnd(turn.id)).state).toBe("stopped");
    };
    const answer = async () => page.turnEnd((await say(served.url, "next", conversation)).turn.id);
    await stopWhen("");
    expect(textOf(await answer())).toBe("Three.");
    await stopWhen("ab");
    expect(textOf(await answer())).toBe("Five.");
    expect(textOf(await answer())).toBe("Six.");
    expect(restarts()).toBe(0);
    const last = served.engine.requests.at(-1)?.messages.map(({ content }) => content) ?? [];
    expect(last.filter((text) => text === "stopped")).toHaveLength(1);
    expect(last).toContain("Five.");
  });
});

test("a conversation that is longer than the page keeps goes on with its newest turns", async () => {
  const long = "word ".repeat(8000);
  const served = await servePage(new ScriptedEngine([long]));
  const restarts = countRestarts(served);
  const { page } = await sayAll(served, 16);
  expect(page.turns.length).toBe(16);
  // It loses half of its history at once, so that it must be read again only now and then.
  expect(restarts()).toBeLessThanOrEqual(3);
  const again = await OpenPage.open(served.url, page.hello.conversation?.id ?? null);
  expect(again.hello.conversation).toMatchObject({ has_older: true });
  expect(again.turns.at(-1)?.message).toBe("message 16");
});
