import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createSocketServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { NanoAgentConfigInput } from "@nanoagent/models";
import { openAgent } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { type AgentServer, createServer, type LogEntry, type ServerOptions } from "@nanoagent/server";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };
const config: NanoAgentConfigInput = { spec: { name: "greenhouse" }, device };
const PATIENCE = { timeout: 20_000 };

let log: LogEntry[] = [];
beforeEach(() => {
  log = [];
  vi.stubEnv("XDG_RUNTIME_DIR", temporaryFolder());
});

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "na-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function serverOf(input: NanoAgentConfigInput, options: ServerOptions = {}): Promise<AgentServer> {
  const server = createServer(await openAgent(input), { log: (entry) => log.push(entry), ...options });
  onTestFinished(async () => {
    await server.close();
    await server.agent.close();
  });
  return server;
}

const chat = (url: string, content: string, headers = {}) =>
  fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers,
    body: JSON.stringify({ model: "greenhouse", messages: [{ role: "user", content }] }),
  });

describe("the key file", () => {
  test("is made only if the address can be listened on, and named at each start", async () => {
    const stateFolder = path.join(temporaryFolder(), "state");
    const taken = createSocketServer();
    await new Promise<void>((resolve) => taken.listen(0, "0.0.0.0", resolve));
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as { port: number };
    const failed = await serverOf(config, { stateFolder });
    await expect(failed.listen({ host: "0.0.0.0", port })).rejects.toMatchObject({ code: "listen-failed" });
    expect(existsSync(path.join(stateFolder, "serve-keys.json"))).toBe(false);

    const file = path.join(stateFolder, "serve-keys.json");
    const first = await (await serverOf(config, { stateFolder })).listen({ host: "0.0.0.0", port: 0 });
    expect(first).toMatchObject({ madeKey: { key: expect.any(String), file }, keyFile: file });
    const headers = { authorization: `Bearer ${first.madeKey?.key}` };
    expect((await chat(`http://127.0.0.1:${first.port}`, "hello", headers)).status).toBe(200);
    expect((await chat(`http://127.0.0.1:${first.port}`, "hello")).status).toBe(401);
    const later = await (await serverOf(config, { stateFolder })).listen({ host: "0.0.0.0", port: 0 });
    expect(later).toMatchObject({ madeKey: null, keyFile: file });
    const local = await (await serverOf(config, { stateFolder })).listen({ port: 0 });
    expect(local).toMatchObject({ madeKey: null, keyFile: null });
  });

  test("that cannot be used ends the start, and nothing listens any longer", async () => {
    const stateFolder = temporaryFolder();
    writeFileSync(path.join(stateFolder, "serve-keys.json"), "{", { mode: 0o600 });
    const server = await serverOf(config, { stateFolder });
    const socket = createSocketServer();
    await new Promise<void>((resolve) => socket.listen(0, "0.0.0.0", resolve));
    const { port } = socket.address() as { port: number };
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    await expect(server.listen({ host: "0.0.0.0", port })).rejects.toMatchObject({ code: "keys-unreadable" });
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
  });
});

describe("the folder of the conversations", () => {
  const unusable = (): NanoAgentConfigInput => {
    const file = path.join(temporaryFolder(), "file");
    writeFileSync(file, "");
    return { ...config, session: { dir: path.join(file, "sessions") } };
  };

  test("is checked at the start", async () => {
    const input = unusable();
    const server = await serverOf(input);
    await expect(server.listen({ port: 0 })).rejects.toMatchObject({
      code: "session-unreadable",
      message: expect.stringContaining(String(input.session?.dir)),
    });
    const dir = path.join(temporaryFolder(), "new", "sessions");
    await (await serverOf({ ...config, session: { dir } })).listen({ port: 0 });
    expect(readdirSync(dir)).toEqual([]);
  });

  test("is checked when the agent is replaced", async () => {
    const server = await serverOf(config);
    const { url } = await server.listen({ port: 0 });
    const replacing = server.replaceAgent(
      () => openAgent(unusable()),
      () => openAgent(config),
    );
    await expect(replacing).rejects.toMatchObject({ code: "session-unreadable" });
    expect((await chat(url, "hello")).status).toBe(200);
  });
});

test("a service that stops while its agent is replaced opens no other agent", async () => {
  const engine = new ScriptedEngine([{ deltas: ["never"], delayMilliseconds: 60_000 }]);
  const server = createServer(await openAgent(config, { engine }), { log: (entry) => log.push(entry) });
  const { url } = await server.listen({ port: 0 });
  const running = chat(url, "hello");
  await vi.waitFor(async () => expect((await server.status()).turns.running).toBe(1), PATIENCE);
  let opened = 0;
  const open = () => {
    opened += 1;
    return openAgent(config);
  };
  const replacing = server.replaceAgent(open, open);
  await vi.waitFor(async () => expect(await (await fetch(`${url}/health`)).text()).toContain("reloading"), PATIENCE);
  await server.drain(50);
  expect((await running).status).toBe(503);
  expect(await replacing).toBe(false);
  expect(await server.replaceAgent(open, open)).toBe(false);
  expect(opened).toBe(0);
  await server.close();
  await server.agent.close();
});

test("a service whose status cannot be asked for says so", async () => {
  const folder = path.join(temporaryFolder(), "x".repeat(100));
  mkdirSync(folder, { mode: 0o700 });
  vi.stubEnv("XDG_RUNTIME_DIR", folder);
  await (await serverOf(config)).listen({ port: 0 });
  expect(log).toMatchObject([{ level: "warn", event: "status-unavailable" }]);
});

test("entries that were omitted are counted at the end at the latest", async () => {
  const server = await serverOf(config, { now: () => 1000 });
  const { url } = await server.listen({ port: 0 });
  for (let number = 0; number < 7; number += 1) await fetch(`${url}/nothing`);
  await server.close();
  expect(log.at(-1)).toEqual({ level: "warn", event: "entries-omitted", count: 2 });
});
