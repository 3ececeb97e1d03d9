import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { findLlamaAddon } from "@nanoagent/runtime/engines/llama";
import type { LogEntry } from "@nanoagent/server";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { HOST_VARIABLE } from "../../../runtime/src/engines/host/host-protocol.js";
import { SystemdNotifier } from "../../src/serve/notify-systemd.js";
import { makeFolder, placesIn, ServedProgram } from "./served-program.js";

const PATIENCE = { timeout: 20_000, interval: 20 };
const has = (name: string) => spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;
const canReceive = process.platform === "linux" && has("python3") && has("systemd-notify");
const hasEngine = process.platform === "linux" && (await findLlamaAddon().catch(() => null)) !== null;

/** Puts a program `systemd-notify` into a folder, which writes its arguments into a file, a line each call. */
async function fakeProgram(script = 'echo "$*" >> "$NOTIFY_SOCKET"') {
  const folder = makeFolder();
  const bin = path.join(folder, "bin");
  await mkdir(bin);
  await writeFile(path.join(bin, "systemd-notify"), `#!/bin/sh\n${script}\n`);
  await chmod(path.join(bin, "systemd-notify"), 0o755);
  const file = path.join(folder, "messages");
  await writeFile(file, "");
  const messages = async () => (await readFile(file, "utf8")).split("\n").filter(Boolean);
  return { folder, file, messages, PATH: `${bin}:${process.env.PATH}` };
}

function open(environment: NodeJS.ProcessEnv, isLost = async () => false) {
  const logged: LogEntry[] = [];
  const notifier = SystemdNotifier.open({ environment, log: (entry) => logged.push(entry), isLost });
  return { notifier, logged };
}

describe.skipIf(process.platform === "win32")("messages to systemd", () => {
  test("are sent only if systemd waits for them", () => {
    expect(open({ PATH: "/usr/bin" }).notifier).toBeNull();
    expect(open({ NOTIFY_SOCKET: "" }).notifier).toBeNull();
  });

  test("are not for the programs that the agent starts", async () => {
    const { file, PATH } = await fakeProgram();
    const environment: NodeJS.ProcessEnv = { NOTIFY_SOCKET: file, WATCHDOG_USEC: "1000000", WATCHDOG_PID: "1", PATH };
    open(environment);
    expect(environment).toEqual({ PATH });
  });

  test("come in their order", async () => {
    const { file, PATH, messages } = await fakeProgram();
    const { notifier, logged } = open({ NOTIFY_SOCKET: file, PATH });
    void notifier?.ready("http://127.0.0.1:7420");
    void notifier?.reloading();
    void notifier?.ready("http://127.0.0.1:7420");
    await notifier?.stopping();
    expect(await messages()).toEqual([
      "READY=1 STATUS=Listening on http://127.0.0.1:7420",
      expect.stringMatching(/^RELOADING=1 MONOTONIC_USEC=\d+ STATUS=/),
      "READY=1 STATUS=Listening on http://127.0.0.1:7420",
      expect.stringMatching(/^STOPPING=1 STATUS=/),
    ]);
    expect(logged).toEqual([]);
  });

  test("that fail are in the log once, and fail nothing", async () => {
    const { file, PATH } = await fakeProgram("echo no such socket >&2; exit 1");
    const { notifier, logged } = open({ NOTIFY_SOCKET: file, PATH });
    await notifier?.ready("http://127.0.0.1:7420");
    await notifier?.stopping();
    expect(logged).toMatchObject([
      {
        level: "warn",
        event: "systemd-not-notified",
        message: expect.stringMatching(/may restart it\. Correct the cause/),
        error: "no such socket",
      },
    ]);
  });

  test("that systemd does not confirm in time have advice of their own", async () => {
    const { file, PATH, messages } = await fakeProgram(
      'echo "$*" >> "$NOTIFY_SOCKET"; echo "Failed to invoke barrier: Connection timed out" >&2; exit 1',
    );
    const { notifier, logged } = open({ NOTIFY_SOCKET: file, PATH });
    await notifier?.ready("http://127.0.0.1:7420");
    await notifier?.stopping();
    expect(await messages()).toHaveLength(2);
    expect(logged).toMatchObject([{ level: "warn", error: expect.stringContaining("Failed to invoke barrier") }]);
    expect(logged[0]?.message).toContain("did not confirm");
    expect(logged[0]?.message).not.toMatch(/Install|restart/);
  });

  test("have a note after the address", async () => {
    const { file, PATH, messages } = await fakeProgram();
    const { notifier } = open({ NOTIFY_SOCKET: file, PATH });
    await notifier?.ready("http://127.0.0.1:7420", "the changed config was refused");
    expect(await messages()).toEqual([
      "READY=1 STATUS=Listening on http://127.0.0.1:7420; the changed config was refused",
    ]);
  });

  test("beat while the agent is there, for this process alone", async () => {
    const { file, PATH, messages } = await fakeProgram();
    let isLost = false;
    const { notifier } = open(
      { NOTIFY_SOCKET: file, PATH, WATCHDOG_USEC: "40000", WATCHDOG_PID: String(process.pid) },
      async () => isLost,
    );
    await notifier?.ready("http://127.0.0.1:7420");
    const beats = async () => (await messages()).filter((line) => line === "WATCHDOG=1").length;
    await vi.waitFor(async () => expect(await beats()).toBeGreaterThan(2), PATIENCE);
    isLost = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
    const before = await beats();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await beats()).toBe(before);
    await notifier?.stopping();

    const other = await fakeProgram();
    const { notifier: foreign } = open({
      NOTIFY_SOCKET: other.file,
      PATH: other.PATH,
      WATCHDOG_USEC: "20000",
      WATCHDOG_PID: "1",
    });
    await foreign?.ready("http://127.0.0.1:7420");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await other.messages()).length).toBe(1);
    await foreign?.stopping();
  });

  test("do not beat while the event loop hangs", async () => {
    const { file, PATH, messages } = await fakeProgram();
    const { notifier } = open({ NOTIFY_SOCKET: file, PATH, WATCHDOG_USEC: "100000" });
    await notifier?.ready("http://127.0.0.1:7420");
    await vi.waitFor(async () => expect((await messages()).length).toBeGreaterThan(1), PATIENCE);
    // Beats that have begun end first.
    await new Promise((resolve) => setTimeout(resolve, 30));
    const before = readFileSync(file, "utf8").split("\n").length;
    const end = Date.now() + 700;
    while (Date.now() < end);
    // Read at once: the next turn of the event loop sends a beat.
    expect(readFileSync(file, "utf8").split("\n").length - before).toBeLessThanOrEqual(1);
    await notifier?.stopping();
  });
});

describe.skipIf(process.platform === "win32")("a service that systemd runs", () => {
  test("says when it is ready, reloads, and stops", async () => {
    const { folder, file, PATH, messages } = await fakeProgram();
    const config = path.join(folder, "agent.yaml");
    await writeFile(config, "spec: { name: shed, max_memory_mb: 200 }\n");
    const environment = { ...placesIn(folder), NOTIFY_SOCKET: file, WATCHDOG_USEC: "400000", PATH };
    const service = await ServedProgram.start(["--config", config], environment);
    const ready = `READY=1 STATUS=Listening on ${service.url}`;
    await vi.waitFor(async () => expect(await messages()).toContain("WATCHDOG=1"), PATIENCE);
    expect((await messages())[0]).toBe(ready);
    service.child.kill("SIGHUP");
    await service.logged("reload-end");
    const others = async () => (await messages()).filter((line) => line !== "WATCHDOG=1");
    await vi.waitFor(async () => expect(await others()).toHaveLength(3), PATIENCE);
    expect(await others()).toEqual([ready, expect.stringContaining("RELOADING=1"), ready]);
    // A config with errors leaves the service ready, and the status says so.
    await writeFile(config, "spec: [\n");
    service.child.kill("SIGHUP");
    await service.logged("reload-refused");
    const refused = `${ready}; the changed config was refused`;
    await vi.waitFor(async () => expect((await others()).at(-1)).toBe(refused), PATIENCE);
    expect(await service.end()).toBe(143);
    await vi.waitFor(async () => expect((await others()).at(-1)).toContain("STOPPING=1"), PATIENCE);
  });
});

/** Returns the variables of each process that a process has started. */
async function environmentsOfChildren(pid: number): Promise<string[]> {
  const children = execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" })
    .trim()
    .split(/\s+/);
  return Promise.all(children.map((child) => readFile(`/proc/${child}/environ`, "utf8").catch(() => "")));
}

test.skipIf(!hasEngine)("the engine's process of a service does not have the variables for systemd", async () => {
  const { folder, file, PATH } = await fakeProgram();
  const config = path.join(folder, "agent.yaml");
  await writeFile(path.join(folder, "tiny.gguf"), buildTinyGguf());
  await writeFile(config, "spec: { name: shed, max_memory_mb: 200 }\nmodel_path: tiny.gguf\n");
  const environment = { ...placesIn(folder), NOTIFY_SOCKET: file, WATCHDOG_USEC: "60000000", PATH };
  const service = await ServedProgram.start(["--config", config], environment);
  const isEngine = (variables: string) => variables.includes(`${HOST_VARIABLE}=`);
  const [engine, ...others] = (await environmentsOfChildren(service.pid)).filter(isEngine);
  expect(engine).toContain("XDG_STATE_HOME=");
  expect(engine).not.toMatch(/NOTIFY_SOCKET|WATCHDOG_/);
  expect(others).toEqual([]);
  expect(await service.end()).toBe(143);
});

/** A socket as systemd's, which writes each message into stdout. */
const receiver = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("open", flush=True)
while True:
    # The barrier is a file descriptor, which closes here.
    data, fds, _, _ = socket.recv_fds(s, 4096, 4)
    import os
    for fd in fds: os.close(fd)
    print(data.decode().replace("\\n", " "), flush=True)
`;

function receive(socket: string): { child: ChildProcess; lines: () => string[] } {
  const child = spawn("python3", ["-c", receiver, socket]);
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece) => {
    text += piece;
  });
  return { child, lines: () => text.split("\n").filter(Boolean) };
}

test.skipIf(!canReceive)("a datagram socket receives them (needs python3 and systemd-notify)", async () => {
  const socket = path.join(makeFolder(), "notify");
  const { lines } = receive(socket);
  await vi.waitFor(() => expect(lines()).toContain("open"), PATIENCE);
  const { notifier, logged } = open({ NOTIFY_SOCKET: socket, PATH: process.env.PATH, WATCHDOG_USEC: "200000" });
  await notifier?.ready("http://127.0.0.1:7420");
  await vi.waitFor(() => expect(lines()).toContain("WATCHDOG=1"), PATIENCE);
  await notifier?.stopping();
  expect(logged).toEqual([]);
  expect(lines()[1]).toMatch(/READY=1.*STATUS=Listening on http:\/\/127\.0\.0\.1:7420/);
  expect(lines().some((line) => line.includes("STOPPING=1"))).toBe(true);
});
