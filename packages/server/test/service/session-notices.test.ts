import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { openAgent } from "@nanoagent/runtime";
import { expect, onTestFinished, test } from "vitest";
import { createServer, type LogEntry } from "../../src/index.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };

/** Serves an agent, sends messages as the conversation `kitchen`, and returns the log. */
async function serve(dir: string, messages: readonly string[]): Promise<LogEntry[]> {
  const log: LogEntry[] = [];
  const agent = await openAgent({ spec: { name: "house" }, device, session: { dir } });
  const server = createServer(agent, { log: (entry) => log.push(entry) });
  const headers = { "content-type": "application/json", "x-conversation-id": "kitchen" };
  for (const content of messages) {
    const body = JSON.stringify({ model: "house", messages: [{ role: "user", content }] });
    const url = "http://127.0.0.1/v1/chat/completions";
    const response = await server.fetch(new Request(url, { method: "POST", headers, body }));
    expect(response.status).toBe(200);
    await response.text();
  }
  await server.close();
  await agent.close();
  return log;
}

test("damage of a stored conversation is in the log when it is opened", async () => {
  const dir = await mkdtemp(path.join(os.tmpdir(), "nanoagent-notices-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const sound = await serve(dir, ["hello", "status", "hello"]);
  expect(sound.filter(({ event }) => event === "session-notice")).toEqual([]);
  const folder = path.join(dir, "kitchen");
  const name = (await readdir(folder)).find((file) => file.endsWith(".log")) ?? (await readdir(folder))[0] ?? "";
  const file = path.join(folder, name);
  await writeFile(file, (await readFile(file, "utf8")).slice(0, -20));
  const notices = (await serve(dir, ["hello", "hello"])).filter(({ event }) => event === "session-notice");
  expect(notices).toContainEqual({
    level: "warn",
    event: "session-notice",
    message: expect.stringMatching(/unfinished write/),
  });
  // Each is said once, not with each message.
  expect(new Set(notices.map(({ message }) => message)).size).toBe(notices.length);
});
