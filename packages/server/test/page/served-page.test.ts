import { defineTool } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { describe, expect, test, vi } from "vitest";
import { OpenPage, post, say, textOf } from "./page-client.js";
import { agentOf, never, servePage } from "./serve-page.js";

const PATIENCE = { timeout: 20_000 };

/** A gated engine: each piece of a reply comes when the test releases it. */
class GatedEngine extends ScriptedEngine {
  #release: () => void = () => {};
  readonly #pieces: string[] = [];

  push(piece: string): void {
    this.#pieces.push(piece);
    this.#release();
  }

  override async *generate(...[request, options = {}]: Parameters<ScriptedEngine["generate"]>) {
    this.requests.push({ ...request, messages: [...request.messages] });
    const { signal } = options;
    const abort = () => this.#release();
    signal?.addEventListener("abort", abort);
    for (;;) {
      const piece = this.#pieces.shift();
      if (signal?.aborted) {
        yield { type: "end", reason: "abort" } as const;
        return;
      }
      if (piece === "END") {
        yield { type: "end", reason: "stop" } as const;
        return;
      }
      if (piece !== undefined) yield { type: "text-delta", text: piece } as const;
      else
        await new Promise<void>((resolve) => {
          this.#release = resolve;
        });
    }
  }
}

const lamp = () => {
  const runs: unknown[] = [];
  const tool = defineTool({
    name: "lamp",
    description: "Switches the lamp.",
    input: { type: "object", properties: { on: { type: "boolean" } }, required: ["on"] },
    run: (input) => {
      runs.push(input);
      return "on";
    },
  });
  return { tool, runs };
};
const call = { id: "call00001", name: "lamp", arguments: { on: true } };

describe("a message", () => {
  test("begins a conversation, and its reply streams to the page that shows it", async () => {
    const engine = new GatedEngine();
    const { url } = await servePage(engine);
    const first = await OpenPage.open(url);
    expect(first.hello).toMatchObject({ agent: "kitchen", conversation: null, conversations: [], questions: [] });
    expect(first.hello.status).toMatchObject({
      health: { status: "ok" },
      model: { id: "kitchen", engine: "scripted", context_tokens: null },
      device: null,
    });
    const { conversation, turn } = await say(url, "  How are\n you?  ");
    expect(conversation).toMatch(/^page-[0-9a-f-]{36}$/);
    expect(turn).toMatchObject({ message: "  How are\n you?  ", state: "waiting", parts: [], error: null });
    const list = await first.find("conversations", ({ conversations }) => conversations.length === 1);
    expect(list.conversations[0]).toMatchObject({ id: conversation, title: "How are you?", is_busy: true });
    const page = await OpenPage.open(url, conversation);
    engine.push("I am ");
    await page.find("turn", ({ turn: { parts } }) => parts.length === 1);
    engine.push("well.");
    await page.find("text", ({ text }) => text === "well.");
    expect(textOf(page.turns[0])).toBe("I am well.");
    engine.push("END");
    expect(await page.turnEnd(turn.id)).toMatchObject({ state: "done", parts: [{ type: "text", text: "I am well." }] });
    await first.find("conversations", ({ conversations }) => conversations[0]?.is_busy === false);
    expect(first.events.some(({ type }) => type === "turn" || type === "text")).toBe(false);
  });

  test("in the middle of whose reply the page is reloaded loses nothing", async () => {
    const engine = new GatedEngine();
    const { url } = await servePage(engine);
    const { conversation, turn } = await say(url, "hello");
    const before = await OpenPage.open(url, conversation);
    engine.push("one ");
    engine.push("two ");
    await before.find("text", ({ text }) => text === "two ");
    before.close();
    engine.push("three ");
    const after = await OpenPage.open(url, conversation);
    engine.push("four");
    engine.push("END");
    await after.turnEnd(turn.id);
    expect(after.hello.conversation?.turns).toMatchObject([{ id: turn.id, state: "running" }]);
    expect(textOf(after.turns[0])).toBe("one two three four");
    // Every text after the hello belongs to it: nothing is told twice, and nothing is left out.
    const told = after.events.flatMap((event) => (event.type === "text" ? [event.text] : []));
    expect(textOf(after.hello.conversation?.turns[0]) + told.join("")).toBe("one two three four");
  });

  test("is seen by every page that shows the conversation, and continues in a later one", async () => {
    const { url, engine } = await servePage(["First.", "Second."]);
    const { conversation, turn } = await say(url, "one");
    const pages = await Promise.all([OpenPage.open(url, conversation), OpenPage.open(url, conversation)]);
    const next = await say(url, "two", conversation);
    for (const page of pages) {
      await page.turnEnd(next.turn.id);
      expect(page.turns.map((one) => [one.message, textOf(one)])).toEqual([
        ["one", "First."],
        ["two", "Second."],
      ]);
    }
    expect(turn.id).not.toBe(next.turn.id);
    expect(engine.requests.at(-1)?.messages.map(({ content }) => content)).toEqual(["one", "First.", "two"]);
  });

  test("that is sent during a reply waits, and then continues after it", async () => {
    const engine = new GatedEngine();
    const { url, server } = await servePage(engine);
    const { conversation, turn } = await say(url, "one");
    const second = await say(url, "two", conversation);
    const page = await OpenPage.open(url, conversation);
    await page.find("hello");
    expect(page.turns.map(({ state }) => state)).toEqual([expect.stringMatching(/waiting|running/), "waiting"]);
    await vi.waitFor(
      async () => expect((await server.status()).turns).toMatchObject({ running: 1, waiting: 1 }),
      PATIENCE,
    );
    for (const piece of ["First.", "END"]) engine.push(piece);
    await page.turnEnd(turn.id);
    await vi.waitFor(() => expect(engine.requests).toHaveLength(2), PATIENCE);
    for (const piece of ["Second.", "END"]) engine.push(piece);
    await page.turnEnd(second.turn.id);
    expect(engine.requests[1]?.messages.map(({ content }) => content)).toEqual(["one", "First.", "two"]);
  });

  test("that the queue has no place for is refused, and nothing remains of it", async () => {
    const { url } = await servePage([never]);
    const { conversation } = await say(url, "1");
    for (let number = 2; number <= 17; number++) await say(url, String(number), conversation);
    const refused = await post(url, "/page/messages", { conversation: null, message: "18" });
    expect(refused).toMatchObject({ status: 429, json: { error: { code: "queue_full" } } });
    const page = await OpenPage.open(url, conversation);
    expect(page.hello.conversations).toHaveLength(1);
    expect(page.turns).toHaveLength(17);
    expect((await post(url, "/page/stop", { conversation })).json).toEqual({ conversation, stopped: 17 });
    await page.find("conversations", ({ conversations }) => conversations[0]?.is_busy === false);
    expect(page.turns.map(({ state }) => state)).toEqual(Array.from({ length: 17 }, () => "stopped"));
  });

  test("to which the agent fails to reply says so, without details of this machine", async () => {
    const { url, engine } = await servePage([]);
    await engine.close();
    const { conversation, turn } = await say(url, "hello");
    const page = await OpenPage.open(url, conversation);
    await vi.waitFor(() => expect(page.turns[0]?.state).toBe("failed"), PATIENCE);
    expect(page.turns[0]).toMatchObject({ id: turn.id, error: { message: expect.stringMatching(/\w/) } });
  });
});

describe("stop", () => {
  test("ends the reply, keeps what was shown, and the conversation goes on", async () => {
    const engine = new GatedEngine();
    const { url } = await servePage(engine);
    const { conversation, turn } = await say(url, "count");
    const page = await OpenPage.open(url, conversation);
    engine.push("one two");
    await page.find("turn", ({ turn: { parts } }) => parts.length === 1);
    expect((await post(url, "/page/stop", { conversation })).json).toEqual({ conversation, stopped: 1 });
    expect(await page.turnEnd(turn.id)).toMatchObject({ state: "stopped", parts: [{ text: "one two" }], error: null });
    const next = await say(url, "and now?", conversation);
    for (const piece of ["More.", "END"]) engine.push(piece);
    await page.turnEnd(next.turn.id);
    expect(engine.requests.at(-1)?.messages.map(({ content }) => content)).toEqual(["count", "one two", "and now?"]);
    expect((await post(url, "/page/stop", { conversation })).json).toEqual({ conversation, stopped: 0 });
  });
});

describe("a tool", () => {
  test.each([true, false])("that asks waits for any page, and the answer %s counts", async (allow) => {
    const { tool, runs } = lamp();
    const { url } = await servePage([{ deltas: ["Let me see."], calls: [call] }, "It is done."], { tools: [tool] });
    const other = await OpenPage.open(url);
    const { conversation, turn } = await say(url, "light");
    const page = await OpenPage.open(url, conversation);
    const { questions } = await other.find("questions", (event) => event.questions.length === 1);
    expect(questions[0]).toMatchObject({
      tool: "lamp",
      description: "Switches the lamp.",
      arguments: '{\n  "on": true\n}',
      will_run: "A function of the program that serves the agent.",
    });
    // A page that is opened later has the question from the beginning.
    const later = await OpenPage.open(url);
    expect(later.hello.questions.map(({ id }) => id)).toEqual([questions[0]?.id]);
    expect((await post(url, `/permissions/${questions[0]?.id}`, { allow })).status).toBe(200);
    const ended = await page.turnEnd(turn.id);
    expect(ended.parts).toMatchObject([
      { type: "text", text: "Let me see." },
      { type: "tool", name: "lamp", arguments: '{\n  "on": true\n}', state: allow ? "done" : "failed" },
      { type: "text", text: "It is done." },
    ]);
    expect(runs).toEqual(allow ? [{ on: true }] : []);
    await other.find("questions", (event) => event.questions.length === 0);
  });

  test("of another client is asked about on the page, too", async () => {
    const { tool, runs } = lamp();
    const { url } = await servePage([{ calls: [call] }, "Done."], { tools: [tool] });
    const page = await OpenPage.open(url);
    const reply = post(url, "/v1/chat/completions", { model: "kitchen", messages: [{ role: "user", content: "x" }] });
    const { questions } = await page.find("questions", (event) => event.questions.length === 1);
    await post(url, `/permissions/${questions[0]?.id}`, { allow: true });
    expect((await reply).status).toBe(200);
    expect(runs).toHaveLength(1);
  });

  test("waits for a page that is reloaded, and is refused when no page was open", async () => {
    const { tool, runs } = lamp();
    const { url } = await servePage([{ calls: [call] }, "Done."], { tools: [tool] });
    const refused = await say(url, "light");
    const late = await OpenPage.open(url, refused.conversation);
    await vi.waitFor(() => expect(late.turns[0]?.state).toBe("done"), PATIENCE);
    expect(runs).toEqual([]);
    const asked = await say(url, "light", refused.conversation);
    await late.find("questions", (event) => event.questions.length === 1);
    late.close();
    const again = await OpenPage.open(url, refused.conversation);
    expect(again.hello.questions).toHaveLength(1);
    await post(url, `/permissions/${again.hello.questions[0]?.id}`, { allow: true });
    await again.turnEnd(asked.turn.id);
    expect(runs).toEqual([{ on: true }]);
  });
});

describe("conversations", () => {
  test("are removed, with their turns, and are unknown then", async () => {
    const { url } = await servePage([never]);
    const { conversation } = await say(url, "hello");
    const page = await OpenPage.open(url, conversation);
    const removed = await fetch(`${url}/page/conversations/${conversation}`, { method: "DELETE" });
    expect(removed.status).toBe(200);
    await page.find("conversations", ({ conversations }) => conversations.length === 0);
    for (const answer of [
      await post(url, "/page/messages", { conversation, message: "again" }),
      await post(url, "/page/stop", { conversation }),
    ]) {
      expect(answer).toMatchObject({ status: 404, json: { error: { code: "conversation_unknown" } } });
    }
    expect((await OpenPage.open(url, conversation)).hello.conversation).toBeNull();
    const again = await fetch(`${url}/page/conversations/${conversation}`, { method: "DELETE" });
    expect(again.status).toBe(404);
  });

  test("beyond 64 push out the oldest", async () => {
    const { url } = await servePage(["Yes."]);
    const page = await OpenPage.open(url);
    const ids: string[] = [];
    for (let number = 0; number < 66; number++) {
      ids.unshift((await say(url, String(number))).conversation);
      await page.find(
        "conversations",
        ({ conversations }) => conversations[0]?.id === ids[0] && !conversations[0]?.is_busy,
      );
    }
    const { conversations } = (await OpenPage.open(url)).hello;
    expect(conversations.map(({ id }) => id)).toEqual(ids.slice(0, 64));
  });
});

describe("an agent that is replaced", () => {
  test("keeps the conversations, and pages get its name", async () => {
    const engine = new ScriptedEngine(["New."]);
    const { url, server } = await servePage(["Old."]);
    const { conversation, turn } = await say(url, "one");
    const page = await OpenPage.open(url, conversation);
    await vi.waitFor(() => expect(page.turns[0]?.state).toBe("done"), PATIENCE);
    const open = () => agentOf(engine, {}, "cellar");
    expect(await server.replaceAgent(open, open)).toBe(true);
    await page.find("hello", ({ agent }) => agent === "cellar");
    const next = await say(url, "two", conversation);
    await page.turnEnd(next.turn.id);
    expect(page.turns.map((one) => textOf(one))).toEqual(["Old.", "New."]);
    expect(turn.message).toBe("one");
    expect(engine.requests[0]?.messages.map(({ content }) => content)).toEqual(["one", "Old.", "two"]);
  });
});

describe("a service that stops", () => {
  test("ends the turns of the page like others, and then the streams", async () => {
    const { url, server, agent } = await servePage([never]);
    const { conversation, turn } = await say(url, "hello");
    const waiting = await say(url, "later", conversation);
    const page = await OpenPage.open(url, conversation);
    await vi.waitFor(async () => expect((await server.status()).turns.running).toBe(1), PATIENCE);
    await server.drain(50);
    await vi.waitFor(() => expect(page.isEnded).toBe(true), PATIENCE);
    expect(page.turns.map(({ id, state }) => [id, state])).toEqual([
      [turn.id, "stopped"],
      [waiting.turn.id, "stopped"],
    ]);
    expect((await post(url, "/page/messages", { message: "x" })).status).toBe(503);
    await server.close();
    await agent.close();
  });
});

test("a log of the app that fails costs a turn its end, and not the turns after it", async () => {
  const log = (entry: { event: string; outcome?: unknown }) => {
    if (entry.event === "turn-end") throw new Error("The disk is full.");
  };
  const { url } = await servePage(["One.", "Two."], { options: { log } });
  const { conversation, turn } = await say(url, "1");
  const page = await OpenPage.open(url, conversation);
  await vi.waitFor(() => expect(page.turns[0]).toMatchObject({ id: turn.id, state: "failed" }), PATIENCE);
  const next = await say(url, "2", conversation);
  expect(textOf(await page.turnEnd(next.turn.id))).toBe("Two.");
});
