import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DeviceProfiler } from "@nanoagent/profiler";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exampleConfig, runProgram } from "./run-program.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("run", () => {
  test("has the fixed lines of a conversation", async () => {
    const result = await runProgram(["run", "--config", exampleConfig], "hello\nstatus\nquit\nnever read\n");
    expect(result).toEqual({
      exitCode: 0,
      signal: null,
      stderr: "",
      stdout: [
        "Agent 'field-assistant' loaded on linux-aarch64.",
        "Type 'quit' to exit.",
        "Agent: Hello from field-assistant! How can I assist?",
        "Agent: Runtime status: OK. Device=linux-aarch64, Memory=4096MB, Cores=4.",
        "Session ended.",
        "",
      ].join("\n"),
    });
  });

  test.each(["quit", "exit", "q", "QUIT", "  quit  ", ""])("ends by %j or the end of the input", async (word) => {
    const { exitCode, stdout } = await runProgram(["run", "--config", exampleConfig], word);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Session ended\.\n$/);
    expect(stdout).not.toContain("Agent:");
  });

  test("an agent that is too large for its device", async () => {
    const config = path.join(folder, "bloated.json");
    const device = { device_id: "mcu-1core", platform: "linux-arm", memory_mb: 128, cpu_cores: 1 };
    await writeFile(config, JSON.stringify({ spec: { name: "bloated-agent", max_memory_mb: 512 }, device }));
    const { exitCode, stdout, stderr } = await runProgram(["run", "--config", config]);
    expect(exitCode).toBe(3);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^error: Agent requires 512 MB but device only has 128 MB\.\n {2}do: /);
  });

  test("--device auto uses this machine", async () => {
    const { stdout } = await runProgram(["run", "--config", exampleConfig, "--device", "auto"], "status\n");
    const { platform, memory_mb, cpu_cores } = await new DeviceProfiler().profile();
    expect(stdout).toContain(`Agent 'field-assistant' loaded on ${platform}.`);
    expect(stdout).toContain(`Device=${platform}, Memory=${memory_mb}MB, Cores=${cpu_cores}.`);
  });

  test("--json prints one line per reply, and nothing else", async () => {
    const { stdout, stderr } = await runProgram(["run", "--config", exampleConfig, "--json"], "hello\nstatus\n");
    const replies = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(replies).toMatchObject([
      { role: "assistant", content: "Hello from field-assistant! How can I assist?", timestamp: expect.any(String) },
      { role: "assistant", content: expect.stringContaining("Runtime status: OK.") },
    ]);
    expect(stderr).toBe("");
  });
});

describe("profile", () => {
  test("prints the five fixed lines", async () => {
    const device = await new DeviceProfiler().profile();
    expect((await runProgram(["profile"])).stdout).toBe(
      [
        `Device ID:   ${device.device_id}`,
        `Platform:    ${device.platform}`,
        `Memory:      ${device.memory_mb} MB`,
        `CPU Cores:   ${device.cpu_cores}`,
        `GPU:         ${device.has_gpu ? "Yes" : "No"}`,
        "",
      ].join("\n"),
    );
  });

  test("reports a GPU that the environment declares", async () => {
    expect((await runProgram(["profile"], "", { CUDA_VISIBLE_DEVICES: "0" })).stdout).toContain("GPU:         Yes");
  });

  test("--json prints the device", async () => {
    const { details, ...device } = JSON.parse((await runProgram(["profile", "--json"])).stdout);
    expect(device).toEqual(await new DeviceProfiler().profile());
    expect(details).toBeTypeOf("object");
  });
});

describe("optimize", () => {
  test("prints the fixed lines for a file of 7000 MB", async () => {
    const model = path.join(folder, "llama-7b.bin");
    await writeFile(model, "");
    await truncate(model, 7000 * 2 ** 20);
    const { exitCode, stdout, stderr } = await runProgram(["optimize", "--model", model, "--target-mb", "64"]);
    expect(exitCode).toBe(0);
    expect(stderr).toBe("");
    expect(stdout.split("\n")).toEqual([
      "Model size:      7000.0 MB",
      "Target size:     64.0 MB",
      "Quantization:    int2",
      "Bits:            2",
      "Est. size after: 437.5 MB",
      expect.stringMatching(/^Est\. latency: {4}\d+\.\d ms$/),
      expect.stringMatching(/^Notes: {11}\S.*/),
      "",
    ]);
  });

  test("says in the first line that the size of a missing file is assumed", async () => {
    const { exitCode, stdout, stderr } = await runProgram([
      "optimize",
      "--model",
      "hypothetical.bin",
      "--target-mb",
      "100",
    ]);
    expect(exitCode).toBe(0);
    expect(stdout.split("\n").slice(0, 4)).toEqual([
      "Estimate: hypothetical.bin does not exist; assuming twice the target size.",
      "Model size:      200.0 MB",
      "Target size:     100.0 MB",
      "Quantization:    int8",
    ]);
    expect(stderr).toBe("");
  });

  test("--json has the same figures, and says that the size is an estimate", async () => {
    const { stdout } = await runProgram(["optimize", "--model", "007", "--target-mb=100", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      model_path: "007",
      model_size_mb: 200,
      model_size_is_estimate: true,
      target_mb: 100,
      quantization: "int8",
      bits: 8,
      expected_size_mb: 50,
      fits_target: true,
      latency_ms: expect.any(Number),
      device: { platform: expect.any(String) },
    });
  });
});
