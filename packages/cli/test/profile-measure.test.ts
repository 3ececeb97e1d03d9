import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os, { constants } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { program, resultOf, runProgram, startProgram, untilPrinted } from "./run-program.js";

const hasScript = process.platform === "linux" && spawnSync("script", ["--version"]).status === 0;
const oneThread = expect.arrayContaining([expect.objectContaining({ threads: 1 })]);

let folder: string;
let environment: Record<string, string>;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-measure-"));
  environment = { XDG_STATE_HOME: path.join(folder, "state") };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("profile --measure", () => {
  test("shows the device, a bar for each number of threads, and where the figures are saved", async () => {
    const kept = path.join(folder, "state/nanoagent/device-measurement.json");
    const { exitCode, stdout, stderr } = await runProgram(
      ["profile", "--measure", "--seconds", "1", "--storage", folder],
      "",
      environment,
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(
      /^Device ID: {3}.+\nPlatform: {4}.+\nMemory: {6}\d+ MB\nCPU Cores: {3}\d+\nGPU: {9}(Yes|No)\n\n/,
    );
    expect(stdout).toMatch(/^Memory read:\n {2}1 thread +\d+\.\d GB\/s {2}\(spread \d+ %\) +#{1,30}$/m);
    expect(stdout).toMatch(/^ {2}(\d+ threads?) +.+ #{30}$/m);
    for (const type of ["q8_0", "q4_0", "q4_k"]) {
      expect(stdout).toMatch(new RegExp(`^  ${type} +\\d+\\.\\d billion weights/s  \\(spread \\d+ %\\)$`, "m"));
    }
    expect(stdout).toMatch(/^Storage: {5}(\d+ MB\/s|not measured)$/m);
    expect(stdout).toContain(`\nSaved in ${kept}.\n`);
    expect(JSON.parse(readFileSync(kept, "utf8"))).toMatchObject({
      format: 1,
      bandwidth: oneThread,
    });
    expect(readdirSync(folder)).toEqual(["state"]);
  });

  test("prints the figures as JSON and fails if they cannot be saved", async () => {
    writeFileSync(path.join(folder, "state"), "a file where a folder should be");
    const { exitCode, stdout, stderr } = await runProgram(
      ["profile", "--measure", "--seconds", "1", "--json", "--storage", "/nowhere"],
      "",
      environment,
    );
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      cpu_cores: expect.any(Number),
      measured: { bandwidth: oneThread, dot_products: [{ type: "q8_0" }, { type: "q4_0" }, { type: "q4_k" }] },
      notes: expect.arrayContaining([expect.stringContaining("Storage was not measured")]),
      path: null,
    });
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "measurement" } });
  });

  const moments = [
    ["SIGINT", 700],
    ["SIGTERM", 1500],
    ["SIGINT", 6000],
    ["SIGINT", 7200],
  ] as const;
  test.skipIf(process.platform === "win32").each(moments.slice(0, process.env.NANOAGENT_SOAK ? undefined : 2))(
    "ends by %s after %d ms, and saves nothing",
    async (signal, milliseconds) => {
      const child = startProgram(["profile", "--measure", "--storage", folder], environment);
      const result = resultOf(child);
      setTimeout(() => child.kill(signal), milliseconds);
      expect(await result).toMatchObject({ exitCode: 128 + constants.signals[signal], signal: null, stderr: "" });
      expect((await result).stdout).toMatch(/^Device ID: .+\n(?:.+\n){3}GPU: .+\n$/);
      expect(existsSync(path.join(folder, "state"))).toBe(false);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  test.skipIf(!hasScript)("shows its progress at a terminal, and Ctrl-C clears the line", async () => {
    const command = `exec '${process.execPath}' '${program}' profile --measure --storage '${folder}'`;
    const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
      env: { ...process.env, ...environment },
    });
    const shown = resultOf(child);
    await untilPrinted(child, "\u001b[KMeasuring memory, 1 thread: 0 %");
    child.stdin.write("\u0003");
    expect(await shown).toMatchObject({ exitCode: 130 });
    const [, end] = (await shown).stdout.split("Measuring memory, 1 thread: 0 %");
    expect(end).toMatch(/\[K$/);
    expect(end).not.toContain("error");
  });

  test.each(["storage", "seconds"])("--%s has no effect without it", async (option) => {
    const { exitCode, stderr } = await runProgram(["profile", `--${option}`, "7"], "", environment);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`--${option} has no effect without --measure.`);
  });

  test.each(["0.5", "61"])("does not accept %s seconds", async (seconds) => {
    const { exitCode, stderr } = await runProgram(["profile", "--measure", "--seconds", seconds], "", environment);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--seconds takes a number from 1 to 60.");
  });
});
