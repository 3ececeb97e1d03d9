import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { defineTool, NanoRuntime } from "@nanoagent/runtime";
import { readSession } from "@nanoagent/runtime/node";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { describe, expect, test } from "vitest";
import { sampleConfig } from "../sample-config.js";
import { temporaryFolder } from "../temporary-folder.js";

const program = fileURLToPath(new URL("./keep-acting.mjs", import.meta.url));
const kills = process.env.NANOAGENT_SOAK ? 100 : 4;
const mayHaveHappened = /^Interrupted: this call was begun, and its outcome is not known\. It may have happened/;

interface Place {
  dir: string;
  effects: string;
}

async function place(): Promise<Place> {
  const folder = await temporaryFolder();
  return { dir: path.join(folder, "session"), effects: path.join(folder, "effects") };
}

/** Runs the program until it has printed a matching line, kills it after a delay, and returns its output. */
async function runAndKill(
  { dir, effects }: Place,
  hang: string,
  line: RegExp,
  first = 1,
  later = 0,
): Promise<string[]> {
  const child = spawn(process.execPath, [program, dir, effects, hang, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
    if (line.test(output)) setTimeout(() => child.kill("SIGKILL"), later);
  });
  const [code, signal] = await once(child, "close");
  expect([code, signal]).toEqual([null, "SIGKILL"]);
  return output.split("\n").slice(0, -1);
}

/** Returns number and key of each act. */
function actsOf({ effects }: Place): { number: number; key: string }[] {
  if (!existsSync(effects)) return [];
  const lines = readFileSync(effects, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => ({ number: Number(line.split(" ")[0]), key: line.split(" ")[1] ?? "" }));
}

const act = (run: (input: { number?: number }) => unknown) =>
  defineTool<{ number?: number }>({
    name: "act",
    description: "Acts.",
    input: { type: "object", properties: { number: { type: "integer" } } },
    permission: "always",
    run,
  });

describe.skipIf(process.platform === "win32")("an agent that is killed in the middle of an act", () => {
  test.each([
    ["before", /begun/, 0],
    ["after", /acted/, 1],
  ])("%s it took effect knows that it may have acted, and does not act again", async (hang, line, count) => {
    const where = await place();
    const [begun = ""] = await runAndKill(where, hang, line);
    const key = begun.split(" ")[2] ?? "";
    expect(actsOf(where)).toHaveLength(count);

    const engine = new ScriptedEngine(["I am not sure that I acted."]);
    let calls = 0;
    await using runtime = new NanoRuntime({ engine, tools: [act(() => calls++)] });
    await runtime.load(sampleConfig({ session: { dir: where.dir } }));
    expect(runtime.notices).toEqual([expect.stringContaining(`It is unknown whether it acted (key ${key})`)]);
    await runtime.process("did you act?");
    expect(engine.requests[0]?.messages).toMatchObject([
      { role: "user", content: "act 1" },
      { role: "assistant", tool_calls: [{ id: "1", name: "act", arguments: { number: 1 } }] },
      { role: "tool", tool_call_id: "1", content: expect.stringMatching(mayHaveHappened) },
      { role: "assistant", content: "(This reply was interrupted before it was written.)" },
      { role: "user", content: "did you act?" },
    ]);
    expect(runtime.history).toHaveLength(6);
    expect(calls).toBe(0);
    expect(actsOf(where)).toHaveLength(count);
  });

  test(`at any moment, ${kills} times, has recorded each act once, before it happened`, async () => {
    const where = await place();
    let acknowledged = 0;
    for (let kill = 1; kill <= kills; kill++) {
      const first = kill * 10_000;
      const lines = await runAndKill(where, "never", /done/, first, (kill * 7) % 23);
      acknowledged += lines.filter((line) => line.startsWith("done")).length;
    }
    const acts = actsOf(where);
    expect(new Set(acts.map(({ key }) => key)).size).toBe(acts.length);
    const known: number[] = [];
    for await (const { messages } of readSession(where.dir)) {
      const calls = messages.flatMap(({ tool_calls = [] }) => tool_calls);
      expect(messages.filter(({ role }) => role === "tool")).toHaveLength(calls.length);
      known.push(...calls.map((call) => (call.arguments as { number: number }).number));
    }
    // The end of the last turn is written when the session is next opened.
    await using runtime = new NanoRuntime();
    await runtime.load(sampleConfig({ session: { dir: where.dir } }));
    const last = runtime.history.flatMap(({ tool_calls = [] }) => tool_calls).at(-1)?.arguments as { number: number };
    if (!known.includes(last.number)) known.push(last.number);
    expect(new Set(known).size).toBe(known.length);
    expect(known).toEqual(expect.arrayContaining(acts.map(({ number }) => number)));
    expect(known.length - acts.length).toBeLessThanOrEqual(kills);
    expect(acts.length).toBeGreaterThanOrEqual(acknowledged);
  }, 600_000);
});

describe("a turn that changed the world and failed", () => {
  test("stays, and the engine sees it in the next turn and after a restart", async () => {
    const { dir } = await place();
    const calls = (id: string) => ({ id, name: "act", arguments: { number: 1 } });
    // The second call never begins, because the turn fails with the first one's step.
    const engine = new ScriptedEngine([{ deltas: ["Acting."], calls: [calls("1")] }, { deltas: ["x"] }, "Yes."]);
    const turn = new AbortController();
    const runtime = new NanoRuntime({ engine, tools: [act(() => "it is done")] });
    await runtime.load(sampleConfig({ session: { dir } }));
    for await (const event of runtime.stream("act", { signal: turn.signal })) {
      if (event.type === "text-delta" && event.text === "x") turn.abort();
      if (event.type === "error") expect(event.error).toMatchObject({ code: "aborted" });
    }
    const kept = [
      { role: "user", content: "act" },
      { role: "assistant", content: "Acting.", tool_calls: [{ id: "1" }] },
      { role: "tool", content: "it is done", tool_call_id: "1" },
      { role: "assistant", content: "x", ended: "interrupted" },
    ];
    expect(runtime.history).toMatchObject(kept);
    await runtime.process("did it work?");
    expect(engine.requests[2]?.messages).toMatchObject([...kept, { role: "user" }]);
    const { history } = runtime;
    await runtime.unload();
    await using again = new NanoRuntime({ engine });
    await again.load(sampleConfig({ session: { dir } }));
    expect(again.history).toEqual(history);
    expect(again.notices).toEqual([]);
  });

  test("during an act has a result that says that it may have happened", async () => {
    const { dir } = await place();
    const turn = new AbortController();
    const engine = new ScriptedEngine([{ calls: [{ id: "1", name: "act", arguments: {} }] }, "Yes."]);
    const hang = () => {
      turn.abort();
      return new Promise(() => {});
    };
    await using runtime = new NanoRuntime({ engine, tools: [act(hang)] });
    await runtime.load(sampleConfig({ session: { dir } }));
    await expect(runtime.process("act", { signal: turn.signal })).rejects.toMatchObject({ code: "aborted" });
    expect(runtime.history[2]).toMatchObject({ role: "tool", content: expect.stringMatching(/may have acted/) });
  });

  test("is dropped if it has no acts", async () => {
    const { dir } = await place();
    const engine = new ScriptedEngine([{ calls: [{ id: "1", name: "none", arguments: {} }] }]);
    await using runtime = new NanoRuntime({ engine });
    await runtime.load(sampleConfig({ session: { dir } }));
    await expect(runtime.process("act")).rejects.toMatchObject({ code: "repeated-calls" });
    expect(runtime.history).toEqual([]);
  });
});

describe("a turn with tools in a session", () => {
  test("and an intent is one turn, whose act is on disk before it happens", async () => {
    const { dir } = await place();
    const intents = { definitions: [{ name: "act", sentences: ["act"], tool: "act", answer: "Acted." }] };
    let onDisk = "";
    const config = sampleConfig({ session: { dir }, intents });
    const look = () => {
      onDisk = readFileSync(path.join(dir, "journal-0000000000000001.jsonl"), "utf8");
    };
    const runtime = new NanoRuntime({ tools: [act(look)] });
    await runtime.load(config);
    await runtime.process("act");
    expect(onDisk).toContain('"type":"act"');
    const { history } = runtime;
    expect(history.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
    await runtime.unload();
    const turns = [];
    for await (const turn of readSession(dir)) turns.push(turn);
    expect(turns).toHaveLength(1);
    expect(turns[0]).toMatchObject({ messages: history, interrupted: false });
    await using again = new NanoRuntime({ tools: [act(look)] });
    await again.load(config);
    expect(again.history).toEqual(history);
  });

  test.skipIf(process.platform !== "linux")(
    "does not run an act that cannot be recorded, and the engine and the reader see why",
    async () => {
      const { dir } = await place();
      const engine = new ScriptedEngine([{ calls: [{ id: "1", name: "act", arguments: {} }] }, "I could not."]);
      let calls = 0;
      await using runtime = new NanoRuntime({ engine, tools: [act(() => calls++)] });
      await runtime.load(sampleConfig({ session: { dir, on_write_error: "deliver" } }));
      // Folders that take the names of the session's files.
      const names = Array.from({ length: 60 }, (_, index) => `journal-${String(index + 1).padStart(16, "0")}.jsonl`);
      for (const name of names) await mkdir(path.join(dir, name));
      const events = [];
      for await (const event of runtime.stream("act")) events.push(event);
      expect(calls).toBe(0);
      const content = expect.stringMatching(/^The tool act was not run: The session in .* could not be written/);
      expect(events.find(({ type }) => type === "tool-result")).toMatchObject({ content, is_error: true });
      expect(engine.requests[1]?.messages.at(-1)).toMatchObject({ role: "tool", content });
      expect(events.at(-1)).toMatchObject({ type: "run-end", not_saved: { code: "session-not-saved" } });
      for (const name of names) await rm(path.join(dir, name), { recursive: true });
      await runtime.process("act");
      expect(calls).toBe(1);
    },
  );
});
