import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { findMemoryCgroup, LocalMachine } from "@nanoagent/profiler";
import { HostedEngine } from "@nanoagent/runtime/engines/llama";
import { describe, expect, test } from "vitest";
import { EngineCgroup } from "../../src/memory/engine-cgroup.js";
import { temporaryFolder } from "../temporary-folder.js";

const MB = 2 ** 20;
const own = await findMemoryCgroup(new LocalMachine());
const probe = await EngineCgroup.create(own, 64 * MB);
await probe?.remove();

describe.skipIf(probe === null)("a cgroup for the engine (needs root, or a delegated tree)", () => {
  const make = async (limitMb: number) =>
    (await EngineCgroup.create(own, limitMb * MB)) ?? expect.fail("no group, although one could be created before");

  test("contains a process from its start, and the kernel kills it above the limit", async () => {
    const group = await make(64);
    const grow = "const held = []; for (;;) held.push(Buffer.alloc(2 ** 20, 1));";
    const child = spawn("/bin/sh", [
      "-c",
      'echo $$ > "$0" && exec "$@"',
      group.processesFile,
      process.execPath,
      "--eval",
      grow,
    ]);
    expect(group.killedForMemory()).toBe(false);
    expect(await once(child, "close")).toEqual([null, "SIGKILL"]);
    expect(group.killedForMemory()).toBe(true);
    await group.remove();
    expect(existsSync(path.dirname(group.processesFile))).toBe(false);
  });

  test("makes an engine above its limit end as out of memory, and the next message works", async () => {
    const moduleUrl = pathToFileURL(path.join(import.meta.dirname, "../engines/host/scripted-module.mjs")).href;
    const group = await make(96);
    const engine = await HostedEngine.open({
      start: async () => ({
        source: { kind: "module", url: moduleUrl, options: {} },
        limits: { group: existsSync(group.processesFile) ? group : undefined },
      }),
    });
    expect(await group.holds((await engine.processId()) ?? 0)).toBe(true);
    const ask = async (content: string) => {
      const events = [];
      for await (const event of engine.generate({ instructions: null, messages: [{ role: "user", content }] }))
        events.push(event);
      return events.at(-1);
    };
    expect(await ask("take memory")).toMatchObject({ type: "error", error: { code: "engine-out-of-memory" } });
    expect(await ask("hello")).toEqual({ type: "end", reason: "stop" });
    await engine.close();
  });

  test("is removed after its program has ended, when the next one is created", async () => {
    const group = await make(64);
    const folder = path.dirname(path.dirname(group.processesFile));
    const child = spawn(process.execPath, ["--eval", ""]);
    const abandoned = path.join(folder, `nanoagent-${child.pid}-1`);
    await once(child, "close");
    mkdirSync(abandoned);
    const next = await make(64);
    expect(existsSync(abandoned)).toBe(false);
    expect(readFileSync("/proc/self/cgroup", "utf8")).not.toContain("nanoagent-");
    await Promise.all([group.remove(), next.remove()]);
  });
});

test("no cgroup is created in a read-only tree", async () => {
  const directory = path.join(await temporaryFolder(), "absent");
  for (const version of [1, 2] as const) {
    expect(await EngineCgroup.create({ version, levels: [{ path: "/", directory }] }, MB)).toBeNull();
  }
  expect(await EngineCgroup.create(null, MB)).toBeNull();
});

test("no cgroup is created, and none is left, if the kernel does not control memory there", async () => {
  const directory = await temporaryFolder();
  expect(await EngineCgroup.create({ version: 2, levels: [{ path: "/", directory }] }, MB)).toBeNull();
});
