import { describe, expect, test } from "vitest";
import { MemoryAccount } from "../../src/memory/memory-account.js";
import type { ProcessShare } from "../../src/memory/memory-report.js";

const MB = 2 ** 20;
const ENGINE = 4711;
const TOOL = 4712;
/** Code that all three processes map, like several processes of the same Node. */
const CODE_MB = 30;

function share(anonymousMb: number, fileMb: number, proportionalMb: number | null): ProcessShare {
  return {
    anonymous_bytes: anonymousMb * MB,
    file_bytes: fileMb * MB,
    shared_bytes: 0,
    proportional_bytes: proportionalMb === null ? null : proportionalMb * MB,
  };
}

function accountOf({
  hasModelInside = false,
  ownsProgram = false,
  baseMb = 0,
  programMb = 20,
  isProportional = true,
  tools = [TOOL],
} = {}) {
  const byProcess: Record<number, ProcessShare> = {
    [process.pid]: share(programMb, CODE_MB, programMb + CODE_MB / 3),
    [ENGINE]: share(100, CODE_MB + 50, 100 + 50 + CODE_MB / 3),
    [TOOL]: share(5, CODE_MB, 5 + CODE_MB / 3),
  };
  const memory = async (processId: number, options?: { proportional: boolean }) => {
    const found = byProcess[processId] ?? null;
    return found && options?.proportional && isProportional ? found : found && { ...found, proportional_bytes: null };
  };
  return {
    engine: async () => memory(ENGINE, { proportional: true }),
    account: new MemoryAccount({
      processes: { memory, majorFaults: async () => 0 },
      ownsProgram,
      baseBytes: baseMb * MB,
      toolProcesses: () => tools,
      hasModelInside,
    }),
  };
}

describe("the use of memory", () => {
  test("of a program that runs only the agent counts all memory, and shared pages once", async () => {
    const { account, engine } = accountOf({ ownsProgram: true });
    expect(await account.use(await engine())).toEqual({
      program_bytes: 30 * MB,
      program_code_bytes: 0,
      tools_bytes: 15 * MB,
      used_bytes: (20 + 5 + 100 + 50 + CODE_MB) * MB,
    });
  });

  test("of an embedding program is its growth", async () => {
    const { account } = accountOf({ baseMb: 40, programMb: 22 });
    expect(await account.use(null)).toMatchObject({
      program_bytes: 12 * MB,
      tools_bytes: 15 * MB,
      used_bytes: 27 * MB,
    });
    expect((await accountOf({ baseMb: 200 }).account.use(null)).program_bytes).toBe(0);
  });

  test("is the resident memory if the kernel does not report shares", async () => {
    const { account } = accountOf({ ownsProgram: true, isProportional: false });
    const { used_bytes } = await account.use(share(100, CODE_MB, null));
    expect(used_bytes).toBe((20 + 5 + 100 + 3 * CODE_MB) * MB);
  });

  test("excludes the code of a program alone, which the kernel can drop, and reports it separately", async () => {
    for (const isProportional of [true, false]) {
      const { account } = accountOf({ ownsProgram: true, isProportional, tools: [] });
      expect(await account.use(null)).toEqual({
        program_bytes: 20 * MB,
        program_code_bytes: CODE_MB * MB,
        tools_bytes: 0,
        used_bytes: 20 * MB,
      });
    }
  });

  test.each([
    { ownsProgram: true },
    { ownsProgram: true, isProportional: false, tools: [] },
    { ownsProgram: false, baseMb: 30 },
  ])("never exceeds the quick estimate without a page walk: %j", async (scene) => {
    const { account, engine } = accountOf(scene);
    const engineShare = scene.isProportional === false ? null : await engine();
    for (const [processId, memory] of [[null, null] as const, [ENGINE, engineShare] as const]) {
      expect((await account.use(memory)).used_bytes).toBeLessThanOrEqual(await account.atMost(processId));
    }
  });

  test("counts the mapped weights of a model inside the program", async () => {
    const { account } = accountOf({ ownsProgram: true, hasModelInside: true, isProportional: false, tools: [] });
    const { used_bytes, program_code_bytes } = await account.use(null);
    expect([used_bytes, program_code_bytes]).toEqual([(20 + CODE_MB) * MB, 0]);
    expect(await account.atMost(null)).toBe(used_bytes);
  });

  test("before the engine starts excludes code that the plan includes", async () => {
    expect(await accountOf({ ownsProgram: true, tools: [] }).account.besideEngine()).toBe(20 * MB);
  });
});
