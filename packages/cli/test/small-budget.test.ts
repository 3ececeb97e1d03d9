import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "./run-program.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function configOf(maxMemoryMb: number, changes: object = {}): Promise<string> {
  const file = path.join(folder, `${maxMemoryMb}.json`);
  const device = { device_id: "d", platform: "linux-x86_64", memory_mb: 4096, cpu_cores: 1 };
  await writeFile(file, JSON.stringify({ spec: { name: "small", max_memory_mb: maxMemoryMb }, device, ...changes }));
  return file;
}

const server = { engine: { type: "openai-compatible", url: "http://127.0.0.1:9" } };

describe("a budget that is smaller than the program", () => {
  test.each([
    ["run", ["run", "--config"]],
    ["check", ["check", "--config"]],
  ])("is refused by %s with a budget that works", async (name, command) => {
    const small = await runProgram([...command, await configOf(10)], "hello\n");
    expect(small.exitCode).toBe(3);
    const told = name === "run" ? small.stderr : small.stdout;
    expect(told).toMatch(/The agent uses \d+(\.\d)? MB before its first message; its limit is 10 MB\./);
    const enoughMb = Number(/Set spec\.max_memory_mb to (\d+) or more/.exec(told)?.[1] ?? expect.fail(told));
    const enough = await runProgram(["run", "--config", await configOf(enoughMb)], "hello\n/memory\n");
    expect(enough).toMatchObject({ exitCode: 0, stderr: "", stdout: expect.stringContaining("Hello from small!") });
    const [, usedMb, limitMb] = /Budget: +([\d.]+) of ([\d.]+) MB taken/.exec(enough.stdout) ?? expect.fail();
    expect(Number(limitMb)).toBe(enoughMb);
    expect(Number(usedMb)).toBeLessThan(enoughMb);
  });

  test("is refused for a server as engine", async () => {
    const { exitCode, stdout } = await runProgram(["check", "--config", await configOf(11, server)]);
    expect(exitCode).toBe(3);
    expect(stdout).toContain("its limit is 11 MB");
  });
});

test.skipIf(process.platform !== "linux")("64 MB are enough for the rules engine", async () => {
  const { exitCode, stdout } = await runProgram(["run", "--config", await configOf(64)], "hello\n");
  expect(exitCode).toBe(0);
  expect(stdout).toContain("Hello from small!");
});
