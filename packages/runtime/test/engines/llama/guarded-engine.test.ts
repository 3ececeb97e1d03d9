import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { rename, rm, truncate } from "node:fs/promises";
import type { FitPlanner, MemoryProbe, MemoryReading, NanoAgentConfigInput } from "@nanoagent/models";
import { type AgentEvent, NanoRuntime, type NanoRuntimeOptions, type TokenUsage } from "@nanoagent/runtime";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { RECOVERY_MILLISECONDS } from "../../../src/memory/pressure-ladder.js";
import { Reservations } from "../../../src/memory/reservations.js";
import { sampleDevice } from "../../sample-config.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { hasAddon, tinyModel } from "./tiny-model.js";

const MB = 2 ** 20;
/** One core, because threads that wait for each other are slow on a busy machine. */
const device = { ...sampleDevice, cpu_cores: 1 };
const canLimit = process.platform === "linux" && hasCommand("prlimit");

function hasCommand(name: string): boolean {
  try {
    return execFileSync("/bin/sh", ["-c", `command -v ${name}`]).length > 0;
  } catch {
    return false;
  }
}

async function load(config: Partial<NanoAgentConfigInput> = {}, options: NanoRuntimeOptions = {}) {
  const { modelPath } = await tinyModel();
  const runtime = new NanoRuntime(options);
  await runtime.load({
    spec: { name: "small", max_memory_mb: 256 },
    device,
    model_path: modelPath,
    ...config,
  });
  return { runtime, modelPath };
}

async function engineOf(runtime: NanoRuntime) {
  return (await runtime.memory()).engine ?? expect.fail("no engine");
}

/** Process id of the engine, a child of this process. */
function hostOf(): number {
  const children = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(process.pid)], { encoding: "utf8" });
  const line = children.split("\n").find((text) => text.includes("host-program"));
  return Number(line?.trim().split(" ")[0] ?? expect.fail(children));
}

async function eventsOf(runtime: NanoRuntime, message: string): Promise<AgentEvent[]> {
  const events: AgentEvent[] = [];
  for await (const event of runtime.stream(message, { sampling: { maxTokens: 8 } })) events.push(event);
  return events;
}

function usageOf(events: AgentEvent[]): TokenUsage {
  const usages = events.flatMap((event) => (event.type === "run-end" ? [event.usage] : []));
  return usages[0] ?? expect.fail(JSON.stringify(events));
}

const answered = { type: "run-end" };
const actionsOf = (events: AgentEvent[]) =>
  events.flatMap((event) => (event.type === "memory-pressure" ? [event.action] : []));

describe.skipIf(!hasAddon)("a local model within a budget (needs llama.cpp's package)", () => {
  test("reports its memory, its plan and its enforcement", async () => {
    const { runtime } = await load();
    await eventsOf(runtime, "hello");
    const report = await runtime.memory();
    const engine = report.engine ?? expect.fail("no engine");
    expect(report.limit_bytes).toBe(256 * MB);
    expect(report.used_bytes).toBeLessThan(report.limit_bytes);
    expect(engine.is_loaded).toBe(true);
    expect(engine.plan?.context_tokens).toBe(512);
    expect(engine.pressure).toBeNull();
    if (process.platform === "linux") {
      expect(engine.enforcement).toMatch(/^(cgroup-v1|cgroup-v2|rlimit-data)$/);
      expect(engine.enforcement_detail).toMatch(/RLIMIT_DATA at \d+ MB/);
      const { anonymous_bytes, file_bytes, shared_bytes } = engine.process ?? expect.fail("no process");
      expect(anonymous_bytes + file_bytes + shared_bytes).toBeGreaterThan(10 * MB);
    }
    await runtime.unload();
  });

  test("a model that does not fit is rejected with the figures, before anything is loaded", async () => {
    await expect(load({ spec: { name: "small", max_memory_mb: 40 } })).rejects.toMatchObject({
      code: "does-not-fit",
      message: expect.stringMatching(/needs \d+\.\d MB .* = \d+\.\d MB/),
      hint: expect.stringContaining("Allow "),
    });
  });

  test("two agents on one device do not both get all of its memory", async () => {
    const { runtime: alone } = await load();
    const need = ((await engineOf(alone)).plan?.ledger.peak_resident_bytes ?? 0) + 32 * MB;
    await alone.unload();
    const memory: MemoryProbe = {
      read: async () => ({
        total_bytes: 1024 * MB,
        available_bytes: 1.2 * need,
        limit_bytes: null,
        limit_source: null,
        pressure_percent: null,
      }),
    };
    const { runtime } = await load({}, { memory });
    await expect(load({}, { memory })).rejects.toMatchObject({ code: "does-not-fit" });
    await runtime.unload();
    const { runtime: second } = await load({}, { memory });
    await second.unload();
  });

  test.skipIf(!canLimit)(
    "an engine that runs out of memory is loaded smaller, and every message is answered",
    async () => {
      const { runtime } = await load();
      await eventsOf(runtime, "hello");
      const actions: string[] = [];
      // Sometimes a failed allocation crashes the process, and the engine restarts with the same size.
      for (let attempt = 0; attempt < 8 && actions.length === 0; attempt++) {
        const host = hostOf();
        // Requests of 6 MB, 8 MB and so on exceed the remaining 4 MB.
        const reservedKb = Number(/^VmData:\s+(\d+) kB/m.exec(readFileSync(`/proc/${host}/status`, "utf8"))?.[1]);
        execFileSync("prlimit", ["--pid", String(host), `--data=${reservedKb * 1024 + 4 * MB}`]);
        const sampling = { maxTokens: 8, stop: ["x".repeat((6 + 2 * attempt) * MB)] };
        const events: AgentEvent[] = [];
        for await (const event of runtime.stream("one two three", { sampling })) events.push(event);
        expect(events.at(-1), JSON.stringify(events.at(-1))).toMatchObject(answered);
        actions.push(...actionsOf(events));
      }
      expect(actions).toEqual(["trim-window", "drop-saved-state", "smaller-batch"]);
      expect((await engineOf(runtime)).plan?.batch_tokens).toBe(16);
      expect((await engineOf(runtime)).pressure).toBe("smaller-batch");
      expect((await eventsOf(runtime, "and again")).at(-1)).toMatchObject(answered);
      await runtime.unload();
    },
  );

  test.skipIf(process.platform === "win32")("a crash unrelated to memory does not change the plan", async () => {
    const { runtime } = await load();
    await eventsOf(runtime, "hello");
    process.kill(hostOf(), "SIGSEGV");
    await new Promise((resolve) => setTimeout(resolve, 200));
    const events = await eventsOf(runtime, "again");
    expect(actionsOf(events)).toEqual([]);
    expect(events.at(-1)).toMatchObject(answered);
    expect(await engineOf(runtime)).toMatchObject({ plan: { context_tokens: 512 }, respawns: 1 });
    await runtime.unload();
  });

  test("when the device runs short, one thing after another is given up and every message is answered", async () => {
    let available = 900 * MB;
    const memory: MemoryProbe = {
      read: async () => ({
        total_bytes: 1024 * MB,
        available_bytes: available,
        limit_bytes: null,
        limit_source: null,
        pressure_percent: 0,
      }),
    };
    const { runtime } = await load({}, { memory });
    expect(actionsOf(await eventsOf(runtime, "hello"))).toEqual([]);
    available = 4 * MB;
    await expect.poll(async () => (await engineOf(runtime)).pressure, { timeout: 20_000 }).toBe("smaller-batch");
    await expect.poll(async () => (await engineOf(runtime)).is_loaded, { timeout: 10_000 }).toBe(false);
    available = 900 * MB;
    const events = await eventsOf(runtime, "again");
    expect(actionsOf(events)).toEqual(["trim-window", "drop-saved-state", "smaller-batch"]);
    expect(events.at(-1)).toMatchObject(answered);
    expect((await engineOf(runtime)).plan?.batch_tokens).toBe(16);
    expect(runtime.history).toHaveLength(4);
    // Once memory has been free for a while, the model is as large as before, without a message.
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now() + RECOVERY_MILLISECONDS);
    onTestFinished(() => clock.mockRestore());
    const batch = async () => (await engineOf(runtime)).plan?.batch_tokens;
    await expect.poll(batch, { timeout: 10_000 }).toBeGreaterThan(16);
    expect((await engineOf(runtime)).pressure).toBeNull();
    expect(actionsOf(await eventsOf(runtime, "and again"))).toEqual([]);
    await runtime.unload();
  }, 40_000);

  test("without enough memory, messages are refused with the figures, and answered again later", async () => {
    let available = 900 * MB;
    const memory: MemoryProbe = {
      read: async () => ({
        total_bytes: 1024 * MB,
        available_bytes: available,
        limit_bytes: null,
        limit_source: null,
        pressure_percent: 0,
      }),
    };
    const { runtime } = await load({ engine: { idle_unload_seconds: 1 } }, { memory });
    await expect.poll(async () => (await engineOf(runtime)).is_loaded, { timeout: 10_000 }).toBe(false);
    available = 10 * MB;
    expect((await eventsOf(runtime, "hello")).at(-1)).toMatchObject({ type: "error", error: { code: "does-not-fit" } });
    available = 900 * MB;
    expect((await eventsOf(runtime, "hello")).at(-1)).toMatchObject(answered);
    expect(runtime.history).toHaveLength(2);
    await runtime.unload();
  }, 30_000);

  test.each<[string, (file: string) => Promise<unknown>, string]>([
    ["deleted", (file) => rm(file), "model-not-found"],
    ["truncated", (file) => truncate(file, 1000), "invalid-model-file"],
  ])(
    "a file that was %s causes an error on reload until it is restored",
    async (_, harm, code) => {
      const { runtime, modelPath } = await load({ engine: { idle_unload_seconds: 1 } });
      const { modelPath: whole } = await tinyModel();
      await expect.poll(async () => (await engineOf(runtime)).is_loaded, { timeout: 10_000 }).toBe(false);
      await harm(modelPath);
      const [last] = (await eventsOf(runtime, "hello")).slice(-1);
      expect(last).toMatchObject({ type: "error", error: { code } });
      await rename(whole, modelPath);
      expect((await eventsOf(runtime, "hello")).at(-1)).toMatchObject(answered);
      await runtime.unload();
    },
    30_000,
  );

  test.skipIf(process.platform === "win32")(
    "a file truncated while mapped crashes the engine but not the program, and is then rejected",
    async () => {
      const { runtime, modelPath } = await load();
      await eventsOf(runtime, "hello");
      await truncate(modelPath, 1000);
      const failures: string[] = [];
      for (const message of ["again", "and again"]) {
        const last = (await eventsOf(runtime, message)).at(-1);
        failures.push(last?.type === "error" ? last.error.code : "none");
      }
      // Pages that were already in memory may have served one more reply.
      expect(failures.join()).toMatch(/^(engine-crashed|invalid-model-file|none),invalid-model-file$/);
      const { modelPath: whole } = await tinyModel();
      await rename(whole, modelPath);
      expect((await eventsOf(runtime, "hello")).at(-1)).toMatchObject(answered);
      await runtime.unload();
    },
    30_000,
  );

  test("with a session, the evaluated state survives a restart", async () => {
    const dir = await temporaryFolder();
    const { runtime, modelPath } = await load({ session: { dir } });
    const first = usageOf(await eventsOf(runtime, "one two three four five"));
    expect(await runtime.saveState()).toBeGreaterThan(1000);
    await runtime.unload();
    const second = new NanoRuntime();
    await second.load({ spec: { name: "small" }, device, model_path: modelPath, session: { dir } });
    const { prompt_tokens, cached_prompt_tokens } = usageOf(await eventsOf(second, "one two three four five"));
    // The conversation continues: the first message and the whole characters of its reply are cached.
    expect(prompt_tokens).toBeGreaterThan(first.prompt_tokens + first.completion_tokens);
    expect(cached_prompt_tokens).toBeGreaterThanOrEqual(first.prompt_tokens);
    await second.unload();
  });

  test("without a session nothing is written", async () => {
    const { runtime } = await load();
    await eventsOf(runtime, "hello");
    expect(await runtime.saveState()).toBeNull();
    await runtime.unload();
  });

  test("in the program's own process, it reports no enforcement", async () => {
    const { runtime } = await load({ engine: { isolation: "none" } });
    expect(runtime.notices).toContainEqual(expect.stringContaining("not enforced"));
    expect((await eventsOf(runtime, "hello")).at(-1)).toMatchObject(answered);
    expect((await eventsOf(runtime, "and again")).at(-1)).toMatchObject(answered);
    expect((await engineOf(runtime)).enforcement).toBe("none");
    await runtime.unload();
  });

  const reading: MemoryReading = {
    total_bytes: 1024 * MB,
    available_bytes: 900 * MB,
    limit_bytes: null,
    limit_source: null,
    pressure_percent: 0,
  };

  test.each(["process", "none"] as const)(
    "failures of app callbacks are reported, and messages are answered (isolation %s)",
    async (isolation) => {
      let isBroken = false;
      const memory: MemoryProbe = {
        read: () => {
          if (isBroken) throw new Error("the probe is broken");
          return Promise.resolve(reading);
        },
      };
      const onLoadProgress = () => {
        throw new Error("the bar is broken");
      };
      const { runtime } = await load({ engine: { isolation } }, { memory, onLoadProgress });
      expect(runtime.notices).toContainEqual(expect.stringContaining("the bar is broken"));
      isBroken = true;
      expect((await eventsOf(runtime, "hello")).at(-1)).toMatchObject(answered);
      expect((await runtime.memory()).device).toBeNull();
      if (isolation === "process") {
        await expect
          .poll(() => runtime.notices, { timeout: 10_000 })
          .toContainEqual(expect.stringContaining("broken. Its"));
      }
      expect((await eventsOf(runtime, "and again")).at(-1)).toMatchObject(answered);
      await runtime.unload();
    },
    30_000,
  );

  test.each(["process", "none"] as const)(
    "a failing app planner causes a typed error (isolation %s)",
    async (isolation) => {
      const planner: FitPlanner = { planFit: () => Promise.reject(new TypeError("the planner is broken")) };
      await expect(load({ engine: { isolation } }, { planner })).rejects.toMatchObject({
        name: "EngineError",
        code: "engine-failed",
        reason: "the planner is broken",
      });
    },
  );

  test("in the program's own process, it reserves memory and releases it when it closes or fails to open", async () => {
    vi.stubEnv("XDG_RUNTIME_DIR", await temporaryFolder());
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const memory: MemoryProbe = { read: async () => reading };
    const config = { engine: { isolation: "none" as const } };
    const heldHere = async () => (await new Reservations().outstanding(null, async () => 0)).onMachine;
    const before = await heldHere();
    const { runtime, modelPath } = await load(config, { memory });
    const plan = (await engineOf(runtime)).plan ?? expect.fail("no plan");
    expect((await heldHere()) - before).toBeGreaterThanOrEqual(plan.ledger.peak_resident_bytes);
    await runtime.unload();
    expect(await heldHere()).toBe(before);
    // The file is truncated after planning and before loading.
    const planner: FitPlanner = {
      planFit: async () => {
        await truncate(modelPath, 1000);
        return plan;
      },
    };
    const again = new NanoRuntime({ memory, planner });
    const spec = { name: "small", max_memory_mb: 256 };
    await expect(again.load({ spec, device, model_path: modelPath, ...config })).rejects.toBeInstanceOf(Error);
    expect(await heldHere()).toBe(before);
  });
});
