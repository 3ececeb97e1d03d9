import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openAgent } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { expect, onTestFinished, test } from "vitest";
import { toCheckedJson } from "../../../runtime/src/files/checked-json.js";
import { createServer, type LogEntry } from "../../src/index.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };

test("a conversation that a newer version wrote is refused with what to do, in the answer and in the log", async () => {
  const dir = await mkdtemp(path.join(tmpdir(), "nanoagent-test-"));
  const journal = path.join(dir, "chat-1", "journal-0000000000000001.jsonl");
  await mkdir(path.dirname(journal));
  const text = `${toCheckedJson({ type: "segment", format: 99 })}\n`;
  await writeFile(journal, text);
  const log: LogEntry[] = [];
  const config = { spec: { name: "shed" }, device, session: { dir, retention: { max_mb: 8 } } };
  const agent = await openAgent(config, { engine: new ScriptedEngine(["Yes."]) });
  const server = createServer(agent, { environment: {}, log: (entry) => log.push(entry) });
  onTestFinished(async () => {
    await server.close();
    await agent.close();
    await rm(dir, { recursive: true, force: true });
  });
  const say = async (conversation: string) => {
    const headers = { "content-type": "application/json", "x-conversation-id": conversation };
    const body = JSON.stringify({ model: "shed", messages: [{ role: "user", content: "hello" }] });
    return server.fetch(new Request("http://127.0.0.1/v1/chat/completions", { method: "POST", headers, body }));
  };
  const refused = await say("chat-1");
  expect(refused.status).toBe(500);
  const { error } = (await refused.json()) as { error: { message: string; code: string } };
  expect(error.code).toBe("session_format_unknown");
  expect(error.message).toContain("A newer version of nanoagent wrote this conversation. Begin a new one");
  expect(error.message).not.toContain(dir);
  expect(log.find(({ event }) => event === "turn-end")).toMatchObject({
    code: "session-format-unknown",
    hint: "Use the version of nanoagent that wrote it, or set another session.dir.",
  });
  expect((await say("chat-2")).status).toBe(200);
  expect(await readFile(journal, "utf8")).toBe(text);
});
