import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { findMemoryCgroup, LocalMachine } from "@nanoagent/profiler";
import { type EngineEvent, NanoRuntime } from "@nanoagent/runtime";
import { HostedEngine, type HostedEngineOptions, type HostStart } from "@nanoagent/runtime/engines/llama";
import { testEngine } from "@nanoagent/runtime/testing";
import { describe, expect, test, vi } from "vitest";
import { readProcessWork } from "../../../src/engines/host/read-process-work.js";
import { startHost } from "../../../src/engines/host/start-host.js";
import { EngineCgroup } from "../../../src/memory/engine-cgroup.js";
import { ownCodeReservation } from "../../../src/processes/code-reservation.js";
import { sampleConfig } from "../../sample-config.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { wholeTurns } from "../../whole-turns.js";

const here = path.dirname(fileURLToPath(import.meta.url));
const moduleUrl = pathToFileURL(path.join(here, "scripted-module.mjs")).href;
const kills = process.env.NANOAGENT_SOAK ? 1000 : 20;

function open(
  options: object = {},
  { limits, ...rest }: Partial<HostedEngineOptions> & Pick<HostStart, "limits"> = {},
): Promise<HostedEngine> {
  return HostedEngine.open({ start: { source: { kind: "module", url: moduleUrl, options }, limits }, ...rest });
}

async function ask(engine: HostedEngine, content: string, signal?: AbortSignal): Promise<EngineEvent[]> {
  const events: EngineEvent[] = [];
  const request = { instructions: null, messages: [{ role: "user" as const, content }] };
  for await (const event of engine.generate(request, { signal })) events.push(event);
  return events;
}

function exists(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

async function untilGone(processId: number): Promise<void> {
  for (let wait = 0; wait < 100 && exists(processId); wait++) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(exists(processId)).toBe(false);
}

describe("an engine in its own process", () => {
  testEngine(() => open({ replies: [{ deltas: ['{"bed": ', "3}"], delayMilliseconds: 5 }] }), test);
});

describe("the process", () => {
  test.each(["crash", "exit"])(
    "may %s: the reply ends with an error, and the next message is answered",
    async (how) => {
      await using runtime = new NanoRuntime({ engine: await open({ replies: ["Yes."] }) });
      await runtime.load(sampleConfig());
      await runtime.process("first");
      await expect(runtime.process(how)).rejects.toMatchObject({ code: "engine-crashed" });
      expect((await runtime.process("second")).content).toBe("Yes.");
      expect(runtime.history.map(({ content }) => content)).toEqual(["first", "Yes.", "second", "Yes."]);
    },
  );

  test("may hang: it is killed and restarted", async () => {
    const engine = await open();
    expect(await ask(engine, "hang")).toMatchObject([{ type: "error", error: { code: "engine-hung" } }]);
    expect(engine.respawns).toBe(0);
    expect((await ask(engine, "hello")).at(-1)).toEqual({ type: "end", reason: "stop" });
    expect(engine.respawns).toBe(1);
    await engine.close();
  });

  test("prints nothing on the program's terminal", async () => {
    const program = `
      import { HostedEngine } from ${JSON.stringify(pathToFileURL(path.join(here, "../../../dist/engines/llama.js")).href)};
      const engine = await HostedEngine.open({ start: { source: { kind: "module", url: ${JSON.stringify(moduleUrl)}, options: {} } } });
      for await (const _ of engine.generate({ instructions: null, messages: [{ role: "user", content: "print" }] }));
      await engine.close();`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { cwd: here });
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (printed += text));
    expect(await once(child, "close")).toEqual([0, null]);
    expect(printed).toBe("");
  });

  test("reports why its engine does not open", async () => {
    await expect(open({ failToOpen: true })).rejects.toMatchObject({ message: "it will not open" });
  });

  test("is gone after close", async () => {
    const engine = await open();
    const processId = (await engine.processId()) ?? expect.fail("no process");
    await engine.close();
    await untilGone(processId);
    expect(await engine.processId()).toBeNull();
  });

  test("is unloaded when idle, and comes back", async () => {
    const engine = await open({}, { idleUnloadSeconds: 0.1 });
    const processId = (await engine.processId()) ?? expect.fail("no process");
    await untilGone(processId);
    expect((await ask(engine, "hello")).at(-1)).toEqual({ type: "end", reason: "stop" });
    expect(engine.respawns).toBe(0);
    await engine.close();
  });

  test("is counted once when it is started again after it was killed, whoever needs it", async () => {
    const engine = await open();
    for (const expected of [1, 2]) {
      const processId = (await engine.processId()) ?? expect.fail("no process");
      process.kill(processId, "SIGKILL");
      await expect.poll(() => engine.processId(), { timeout: 20_000 }).toBeNull();
      await Promise.all([ask(engine, "hello"), ask(engine, "hello"), engine.countTokens("hello")]);
      expect(engine.respawns).toBe(expected);
    }
    await engine.close();
  });

  test.skipIf(process.platform === "win32")("does not outlive a program that is killed", async () => {
    const program = `
      import { HostedEngine } from ${JSON.stringify(pathToFileURL(path.join(here, "../../../dist/engines/llama.js")).href)};
      const engine = await HostedEngine.open({ start: { source: { kind: "module", url: ${JSON.stringify(moduleUrl)}, options: {} } } });
      console.log(await engine.processId());
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { cwd: here });
    const [text] = (await once(child.stdout, "data")) as [Buffer];
    child.kill("SIGKILL");
    await untilGone(Number(String(text)));
  });

  test.skipIf(process.platform === "win32")("a memory limit that is far too small fails at once", async () => {
    await expect(open({}, { limits: { dataBytes: 8 * 2 ** 20 } })).rejects.toMatchObject({
      code: expect.stringMatching(/engine-(crashed|out-of-memory)/),
    });
  });
});

const countsWrites = await isWritingCounted();

/** Short patience for fast tests. A process is checked once a second. */
const savePatience = {
  stillMilliseconds: 2000,
  diskMilliseconds: 60_000,
  mainThreadMilliseconds: 1500,
  cpuMilliseconds: 60_000,
  clockMilliseconds: 1500,
};
/** Longer than the patience. */
const SAVING_MILLISECONDS = 5500;

describe.skipIf(process.platform !== "linux")("saving and closing may continue while they make progress", () => {
  const spending = async (how: string) => {
    const folder = await temporaryFolder();
    const [file, mark] = [path.join(folder, "state"), path.join(folder, "mark")];
    return { how, milliseconds: SAVING_MILLISECONDS, file, mark };
  };

  const start = (options: object) => startHost({ source: { kind: "module", url: moduleUrl, options }, savePatience });

  test.skipIf(!countsWrites)("a close that writes in one blocking call completes", async () => {
    const closing = await spending("block");
    await (await start({ closing })).stop();
    expect(existsSync(closing.mark)).toBe(true);
  });

  test("a save and a close that compute in another thread complete", async () => {
    const saving = { ...(await spending("compute")), milliseconds: 3000 };
    const closing = await spending("compute");
    const host = await start({ saving, closing });
    expect(await host.saveState()).toBe(1);
    await host.stop();
    expect(existsSync(closing.mark)).toBe(true);
  });

  test.each(["wait", "loop"])("a close that hangs (%s) is killed", async (how) => {
    const closing = { ...(await spending(how)), milliseconds: 60_000 };
    const host = await start({ closing });
    await host.stop();
    expect(existsSync(closing.mark)).toBe(false);
    expect(host.ended).toBe(true);
  });

  test.each(["wait", "loop"])("a save that hangs (%s) is an error, and the process ends", async (how) => {
    const saving = { ...(await spending(how)), milliseconds: 60_000 };
    const host = await start({ saving });
    await expect(host.saveState()).rejects.toMatchObject({ code: "engine-hung" });
    await host.whenEnded;
  });
});

test("an abort while the host starts ends the reply once it has started", async () => {
  const engine = await open({ replies: [{ deltas: ["a", "b", "c"], delayMilliseconds: 5000 }] });
  await engine.unload();
  const abort = new AbortController();
  const began = performance.now();
  const events = ask(engine, "hello", abort.signal);
  abort.abort();
  expect((await events).at(-1)).toEqual({ type: "end", reason: "abort" });
  expect(performance.now() - began).toBeLessThan(5000);
  await engine.close();
});

test("counting the tokens of many texts at once gives the same counts as one by one", async () => {
  const engine = await open();
  const texts = ["", "one", "one two three"];
  const each: number[] = [];
  for (const text of texts) each.push(await engine.countTokens(text));
  expect(await engine.countTokensOfAll(texts)).toEqual(each);
  expect(await engine.countTokensOfAll([])).toEqual([]);
  await engine.close();
});

const own = process.platform === "linux" ? await findMemoryCgroup(new LocalMachine()) : null;
const probe = await EngineCgroup.create(own, 64 * 2 ** 20);
await probe?.remove();

describe.skipIf(process.platform !== "linux")("a memory limit", () => {
  const MB = 2 ** 20;

  test("stops an engine at its limit, and the next message is answered", async () => {
    await using runtime = new NanoRuntime({
      engine: await open({ replies: ["Yes."] }, { limits: { dataBytes: 120 * MB } }),
    });
    await runtime.load(sampleConfig());
    await expect(runtime.process("take memory")).rejects.toMatchObject({ code: "engine-out-of-memory" });
    expect((await runtime.process("second")).content).toBe("Yes.");
  });

  test("that leaves no room for compiled code leads to a start without it", async () => {
    // As if the memory map of this program could not be read.
    const engine = await open({ replies: ["Yes."] }, { limits: { dataBytes: 120 * MB, reservedCodeBytes: 0 } });
    expect((await ask(engine, "hello")).at(-1)).toEqual({ type: "end", reason: "stop" });
    expect(engine.notices).toHaveLength(ownCodeReservation() === 0 ? 0 : 1);
    await engine.close();
  });

  test.skipIf(probe === null)("keeps its cgroup when it starts without compiled code (needs root)", async () => {
    const group = (await EngineCgroup.create(own, 200 * MB)) ?? expect.fail("no group");
    const limits = { dataBytes: 120 * MB, reservedCodeBytes: 0, group };
    const engine = await open({ replies: ["Yes."] }, { limits });
    expect(await group.holds((await engine.processId()) ?? 0)).toBe(true);
    await engine.close();
    await vi.waitFor(() => expect(existsSync(group.processesFile)).toBe(false), 20_000);
  });

  test("is the same if this program runs without compiled code", async () => {
    const program = `
      import { HostedEngine } from ${JSON.stringify(pathToFileURL(path.join(here, "../../../dist/engines/llama.js")).href)};
      const source = { kind: "module", url: ${JSON.stringify(moduleUrl)}, options: {} };
      const engine = await HostedEngine.open({ start: { source, limits: { dataBytes: 120 * 2 ** 20 } } });
      const { readFileSync } = await import("node:fs");
      const id = await engine.processId();
      console.log(readFileSync("/proc/" + id + "/cmdline", "utf8").includes("--jitless"));
      console.log(/^Max data size +(\\d+)/m.exec(readFileSync("/proc/" + id + "/limits", "utf8"))[1] / 2 ** 20);
      await engine.close();`;
    for (const environment of [{ NODE_OPTIONS: "--jitless" }, { NODE_OPTIONS: '"--jitless" --no-warnings' }]) {
      const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
        cwd: here,
        env: { ...process.env, ...environment },
        stdio: ["ignore", "pipe", "ignore"],
      });
      let printed = "";
      child.stdout.on("data", (text) => (printed += text));
      await once(child, "close");
      expect(printed).toBe("true\n120\n");
    }
  });
});

test(`${kills} kills at random moments: acknowledged messages are kept, and the next message works`, async () => {
  const engine = await open({ replies: [{ deltas: ["a", "b", "c"], delayMilliseconds: 1 }] });
  await using runtime = new NanoRuntime({ engine });
  await runtime.load(sampleConfig());
  const acknowledged: string[] = [];
  for (let round = 0; round < kills; round++) {
    const processId = await engine.processId();
    const turn = runtime.process(`message ${round}`);
    const killed = new Promise<void>((resolve) => {
      const kill = () => {
        if (processId !== null && exists(processId)) process.kill(processId, "SIGKILL");
        resolve();
      };
      setTimeout(kill, Math.random() * 8);
    });
    const reply = await turn.catch((error) => {
      expect(error).toMatchObject({ code: "engine-crashed" });
      return null;
    });
    if (reply !== null) acknowledged.push(`message ${round}`, reply.content);
    if (round % 10 === 0) {
      await killed;
      // A kill may cost the messages that arrive before its end is noticed.
      while (processId !== null && (await engine.processId()) === processId)
        await new Promise((resolve) => setTimeout(resolve, 1));
      acknowledged.push(`after ${round}`, (await runtime.process(`after ${round}`)).content);
    }
  }
  const kept = wholeTurns(runtime.history);
  expect(kept).toEqual(acknowledged);
  await runtime.unload();
  await engine.close();
}, 600_000);

/** Whether the kernel counts writes to the temporary folder. It does not for memory file systems. */
async function isWritingCounted(): Promise<boolean> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
  try {
    const before = readProcessWork(process.pid)?.bytesWritten ?? 0;
    await writeFile(path.join(folder, "file"), Buffer.alloc(65_536, 1));
    return (readProcessWork(process.pid)?.bytesWritten ?? 0) > before;
  } finally {
    await rm(folder, { recursive: true });
  }
}
