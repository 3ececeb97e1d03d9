import { type AgentEvent, NanoRuntime } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ProgramBudget } from "../../src/memory/program-budget.js";
import { sampleConfig } from "../sample-config.js";

const MB = 2 ** 20;

describe("the budget of an agent without an engine's process", () => {
  let measured: number[];
  const budgetOf = (limitMb: number, { hasToolProcesses = false, usedMb = 0 } = {}) =>
    new ProgramBudget({
      limitBytes: limitMb * MB,
      ownsProgram: true,
      baseBytes: 0,
      hasToolProcesses,
      measure: async () => {
        measured.push(usedMb);
        return usedMb * MB;
      },
    });
  beforeEach(() => {
    measured = [];
    vi.useFakeTimers({ toFake: ["Date"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("is measured exactly only when the program alone may exceed it", async () => {
    expect(budgetOf(100_000).check()).toBeNull();
    expect(measured).toEqual([]);
    expect(await budgetOf(1, { usedMb: 0.5 }).check()).toBeNull();
    expect(measured).toEqual([0.5]);
  });

  test("is measured at most four times a second while it is kept, even with tools", async () => {
    const budget = budgetOf(100_000, { hasToolProcesses: true, usedMb: 50 });
    for (let time = 0; time < 5; time++) expect(await budget.check()).toBeNull();
    expect(measured).toHaveLength(1);
    vi.advanceTimersByTime(260);
    await budget.check();
    expect(measured).toHaveLength(2);
  });

  test("is still measured after the clock is set back", async () => {
    const budget = budgetOf(100_000, { hasToolProcesses: true });
    await budget.check();
    vi.setSystemTime(0);
    await budget.check();
    expect(measured).toHaveLength(2);
  });

  test("is measured once for all messages that arrive together", async () => {
    const budget = budgetOf(1, { usedMb: 3 });
    const checks = await Promise.all(Array.from({ length: 50 }, () => budget.check()));
    expect(checks.every((pressure) => pressure?.action === "refuse")).toBe(true);
    expect(measured).toHaveLength(1);
  });

  test("is reported at every message while it is exceeded", async () => {
    const budget = budgetOf(1, { usedMb: 3 });
    const pressure = {
      type: "memory-pressure",
      used_bytes: 3 * MB,
      limit_bytes: MB,
      reason: "own-limit",
      action: "refuse",
    };
    expect(await budget.check()).toEqual(pressure);
    expect(await budget.check()).toEqual(pressure);
  });
});

describe("an agent with the rules engine", () => {
  const smallest = { spec: { name: "small", max_memory_mb: 10 } };

  test("is rejected if its program exceeds the limit, with a sufficient figure", async () => {
    const refused = await new NanoRuntime({ ownsProgram: true }).load(sampleConfig(smallest)).catch((error) => error);
    expect(refused).toMatchObject({
      code: "insufficient-memory",
      message: expect.stringMatching(/^The agent uses \d+(\.\d)? MB before its first message; its limit is 10 MB\.$/),
    });
    const enoughMb = Number(/max_memory_mb to (\d+)/.exec(refused.hint)?.[1]);
    const runtime = new NanoRuntime({ ownsProgram: true });
    await runtime.load(sampleConfig({ spec: { name: "small", max_memory_mb: enoughMb } }));
    expect((await runtime.process("hello")).content).toContain("Hello");
    const { used_bytes, limit_bytes } = await runtime.memory();
    expect(used_bytes).toBeLessThan(limit_bytes);
    await runtime.unload();
  });

  test("in an app counts only the app's growth", async () => {
    const runtime = new NanoRuntime();
    await runtime.load(sampleConfig({ spec: { name: "small", max_memory_mb: 64 } }));
    expect((await runtime.process("hello")).content).toContain("Hello");
    await runtime.unload();
  });

  test("rejects messages while the app exceeds the budget, with the figures of its report", async () => {
    const runtimes = [new NanoRuntime(), new NanoRuntime({ engine: new ScriptedEngine() })];
    for (const runtime of runtimes) {
      await runtime.load(sampleConfig({ spec: { name: "small", max_memory_mb: 192 } }));
    }
    let held: Buffer | null = Buffer.alloc(384 * MB, 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const runtime of runtimes) {
      const events: AgentEvent[] = [];
      for await (const event of runtime.stream("hello")) events.push(event);
      expect(events).toMatchObject([
        { type: "run-start" },
        { type: "memory-pressure", reason: "own-limit", action: "refuse", limit_bytes: 192 * MB },
        { type: "error", error: { code: "insufficient-memory" } },
      ]);
      const [, pressure] = events;
      const usedBytes = pressure?.type === "memory-pressure" ? pressure.used_bytes : 0;
      expect(Math.abs((await runtime.memory()).used_bytes - usedBytes)).toBeLessThan(16 * MB);
      expect(runtime.history).toEqual([]);
    }
    expect(held.length).toBe(384 * MB);
    held = null;
    // Garbage is collected at most twice a second, because a collection stops the app.
    await new Promise((resolve) => setTimeout(resolve, 600));
    // The current garbage is collected before the next message is rejected.
    for (const runtime of runtimes) {
      expect((await runtime.process("hello")).role).toBe("assistant");
      await runtime.unload();
    }
  });
});
