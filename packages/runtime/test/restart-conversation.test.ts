import { rename } from "node:fs/promises";
import path from "node:path";
import type { SessionSettings } from "@nanoagent/models";
import { type Conversation, openAgent } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "./temporary-folder.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };
const spec = { name: "greenhouse" };

describe("restart", () => {
  const at = { timestamp: "2026-01-01T00:00:00.000Z" };
  const before = [
    { role: "user", content: "one", ...at },
    { role: "assistant", content: "1", ...at },
    { role: "user", content: "two", ...at },
    { role: "assistant", content: "2", ...at },
  ] as const;

  test.each(["in memory", "with a session"])("replaces the conversation %s", async (kind) => {
    const session = kind === "in memory" ? undefined : { dir: await sessionFolder() };
    const engine = new ScriptedEngine();
    await using agent = await openAgent({ spec, device }, { engine });
    const conversation = await agent.converse({ session });
    await conversation.process("zero");
    await conversation.restart(before);
    await conversation.process("three");
    expect(engine.requests[1]?.messages.map(({ content }) => content)).toEqual(["one", "1", "two", "2", "three"]);
    await conversation.close();
    if (session === undefined) return;
    const again = await agent.converse({ session });
    expect(again.history.map(({ content }) => content).slice(0, 5)).toEqual(["one", "1", "two", "2", "three"]);
  });

  test.each(["in memory", "with a session"])("keeps the turns that results begin, %s", async (kind) => {
    const call = { id: "1", name: "light", arguments: {} };
    const asked = [
      { role: "user", content: "light", ...at },
      { role: "assistant", content: "", tool_calls: [call], ...at },
      { role: "tool", content: "on", tool_call_id: "1", ...at },
      { role: "assistant", content: "It is on.", ...at },
    ] as const;
    const conversation = await conversationOf(kind);
    await conversation.restart(asked);
    expect(await turnsOf(conversation)).toEqual([["light", "", "on", "It is on."]]);
    await conversation.restart([...asked, ...before], { turnStarts: [2] });
    await conversation.process("three");
    expect(await turnsOf(conversation)).toEqual([
      ["light", ""],
      ["on", "It is on."],
      ["one", "1"],
      ["two", "2"],
      ["three", expect.any(String)],
    ]);
  });

  test("that cannot be written leaves the conversation as it was", async () => {
    const folder = await sessionFolder();
    const conversation = await conversationOf("with a session", { dir: folder });
    await conversation.process("zero");
    const { history } = conversation;
    await rename(folder, `${folder}-away`);
    await expect(conversation.restart(before)).rejects.toMatchObject({ code: "session-not-saved" });
    expect(conversation.history).toEqual(history);
    await rename(`${folder}-away`, folder);
    expect(await turnsOf(conversation)).toEqual([["zero", expect.any(String)]]);
    await conversation.restart(before);
    expect(await turnsOf(conversation)).toEqual([
      ["one", "1"],
      ["two", "2"],
    ]);
  });

  test("that cannot be written goes on in memory with on_write_error deliver", async () => {
    const folder = await sessionFolder();
    const conversation = await conversationOf("with a session", { dir: folder, on_write_error: "deliver" });
    await conversation.process("zero");
    await rename(folder, `${folder}-away`);
    await conversation.restart(before);
    expect(conversation.history.map(({ content }) => content)).toEqual(["one", "1", "two", "2"]);
    await rename(`${folder}-away`, folder);
    expect(await turnsOf(conversation)).toEqual([]);
    await conversation.process("three");
    expect(await turnsOf(conversation)).toEqual([["three", expect.any(String)]]);
  });

  test.each(["in memory", "with a session"])("and a reset at any moment leave what is on disk, %s", async (kind) => {
    const conversation = await conversationOf(kind);
    for (let steps = 0; steps < 20; steps++) {
      await conversation.process("zero");
      const restarting = conversation.restart(before);
      for (let step = 0; step < steps; step++) await Promise.resolve();
      conversation.reset();
      await restarting;
      expect((await turnsOf(conversation)).flat()).toEqual(conversation.history.map(({ content }) => content));
    }
  });

  async function sessionFolder(): Promise<string> {
    return path.join(await temporaryFolder(), "session");
  }

  async function conversationOf(kind: string, settings?: SessionSettings) {
    const session = kind === "in memory" ? undefined : (settings ?? { dir: await sessionFolder() });
    const agent = await openAgent({ spec, device }, { engine: new ScriptedEngine() });
    onTestFinished(() => agent.close());
    return agent.converse({ session });
  }

  /** The texts of a conversation by turn, as they are stored. */
  async function turnsOf(conversation: Conversation): Promise<string[][]> {
    const turns: string[][] = [];
    for await (const turn of conversation.readTurns()) turns.push(turn.map(({ content }) => content));
    return turns;
  }
});
