import { readdir } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { AgentEvent } from "../../src/agent-event.js";
import { NanoRuntime } from "../../src/nano-runtime.js";
import { Journal } from "../../src/session/journal/journal.js";
import { ScriptedEngine } from "../../src/testing/scripted-engine.js";
import { sampleConfig } from "../sample-config.js";
import { temporaryFolder } from "../temporary-folder.js";
import { questions } from "./journal/sample-turns.js";

async function open(dir: string, session: object = {}, engine?: ScriptedEngine): Promise<NanoRuntime> {
  const runtime = new NanoRuntime({ engine });
  await runtime.load(sampleConfig({ session: { dir, ...session } }));
  return runtime;
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe("an agent with a session", () => {
  test("continues as if it had never ended", async () => {
    const dir = await temporaryFolder();
    const first = await open(dir);
    await first.process("hello");
    await first.process("status");
    const { history } = first;
    await first.unload();
    const second = await open(dir);
    expect(second.history).toEqual(history);
    expect(second.droppedTurns).toBe(0);
    expect(second.notices).toEqual([]);
    await second.process("hello again");
    expect(await collect(second.readHistory())).toEqual(second.history);
    await second.unload();
    expect(second.history).toHaveLength(6);
  });

  test("shows the engine the conversation from before the restart", async () => {
    const dir = await temporaryFolder();
    const first = await open(dir);
    await first.process("hello");
    await first.unload();
    const engine = new ScriptedEngine([{ text: ["yes"] }] as never);
    await using second = await open(dir, {}, engine);
    await second.process("do you remember?").catch(() => {});
    expect(engine.requests[0]?.messages.map(({ content }) => content)).toEqual([
      "hello",
      "Hello from field-assistant! How can I assist?",
      "do you remember?",
    ]);
  });

  test("keeps the newest 4 MB of a longer one in memory, and reads all of it", async () => {
    const dir = await temporaryFolder();
    const journal = await Journal.open(dir, { fsync: "never" });
    const timestamp = new Date().toISOString();
    for (let number = 0; number < 20; number++) {
      await journal.appendTurn([
        { role: "user", content: `${number} ${"x".repeat(300_000)}`, timestamp },
        { role: "assistant", content: "yes", timestamp },
      ]);
    }
    await journal.close();
    await using runtime = await open(dir);
    expect(runtime.history.length / 2 + runtime.droppedTurns).toBe(20);
    expect(runtime.droppedTurns).toBeGreaterThan(10);
    expect(await collect(runtime.readHistory())).toHaveLength(40);
  });

  test("remembers a reset after a restart, and keeps earlier turns on disk", async () => {
    const dir = await temporaryFolder();
    const first = await open(dir);
    await first.process("hello");
    first.reset();
    await first.unload();
    const second = await open(dir);
    expect(second.history).toEqual([]);
    await second.process("status");
    expect(await collect(second.readHistory())).toHaveLength(2);
    await second.unload();
    const journal = await Journal.open(dir);
    expect(await questions(journal)).toEqual(["hello", "status"]);
    await journal.close();
  });

  test("keeps the shown part of an aborted turn", async () => {
    const dir = await temporaryFolder();
    const runtime = await open(dir);
    for await (const event of runtime.stream("hello")) if (event.type === "text-delta") break;
    await runtime.process("status");
    await runtime.unload();
    const journal = await Journal.open(dir);
    expect(await questions(journal)).toEqual(["hello", "status"]);
    await journal.close();
  });

  test("uses it exclusively; unload and a failed load release it", async () => {
    const dir = await temporaryFolder();
    const first = await open(dir);
    await expect(open(dir)).rejects.toMatchObject({ code: "session-in-use" });
    await first.unload();
    const broken = new NanoRuntime();
    const config = sampleConfig({ session: { dir }, engine: { type: "llama" } });
    await expect(broken.load(config)).rejects.toMatchObject({ code: "engine-unavailable" });
    await (await open(dir)).unload();
  });

  test("reports damage", async () => {
    const dir = await temporaryFolder();
    const first = await open(dir);
    for (const text of ["hello", "status", "hello", "hello"]) await first.process(text);
    await first.unload();
    const { readFile, writeFile } = await import("node:fs/promises");
    const file = path.join(dir, (await readdir(dir))[0] ?? "");
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace("Runtime status", "Runtime STATUS").slice(0, -20));
    await using second = await open(dir);
    expect(second.notices).toEqual([
      expect.stringMatching(/unfinished write/),
      expect.stringMatching(/damaged bytes in 1 places, copied to/),
      expect.stringMatching(/^1 turn of the session is missing \(\d+\): /),
    ]);
    expect(second.history).toHaveLength(4);
  });
});

describe.skipIf(process.platform !== "linux")("a session that cannot be written", () => {
  /** Blocks the name of the next segment. */
  async function spoil(dir: string): Promise<() => Promise<void>> {
    const { mkdir, rm } = await import("node:fs/promises");
    const names = Array.from({ length: 60 }, (_, index) => `journal-${String(index + 1).padStart(16, "0")}.jsonl`);
    for (const name of names) await mkdir(path.join(dir, name));
    return async () => {
      for (const name of names) await rm(path.join(dir, name), { recursive: true });
    };
  }

  test("fails the turn, keeps it out of the history, and recovers", async () => {
    const dir = await temporaryFolder();
    await using runtime = await open(dir);
    const clear = await spoil(dir);
    await expect(runtime.process("hello")).rejects.toMatchObject({ name: "SessionError", code: "session-not-saved" });
    expect(runtime.history).toEqual([]);
    await clear();
    await runtime.process("hello");
    expect(runtime.history).toHaveLength(2);
  });

  test("delivers the reply with a notice if configured", async () => {
    const dir = await temporaryFolder();
    await using runtime = await open(dir, { on_write_error: "deliver" });
    const clear = await spoil(dir);
    const end = async (): Promise<AgentEvent | undefined> => (await collect(runtime.stream("hello"))).at(-1);
    expect(await end()).toMatchObject({ type: "run-end", not_saved: { code: "session-not-saved" } });
    await clear();
    expect(await end()).not.toHaveProperty("not_saved");
    expect(runtime.history).toHaveLength(4);
  });
});
