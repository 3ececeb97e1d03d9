import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { EdgeDevice } from "@nanoagent/models";
import { DeviceProfiler } from "@nanoagent/profiler";
import { FixtureMachine } from "@nanoagent/profiler/testing";
import { readConfig } from "@nanoagent/runtime/node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { program, runProgram } from "./run-program.js";

const hasScript = process.platform === "linux" && spawnSync("script", ["--version"]).status === 0;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-profile-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("profile --detail", () => {
  test("shows each fact with its source, in sections", async () => {
    const { stdout, exitCode } = await runProgram(["profile", "--detail", "--data", folder]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Device ID: {3}\S+\n(.+\n){4}\nMemory\n {2}Total +\d+ MB +\S/);
    for (const room of ["CPU", "Accelerators", "Board", "System", "Thermal", "Power", "Storage"]) {
      expect(stdout).toContain(`\n${room}\n  `);
    }
    expect(stdout).toContain(folder);
    for (const line of stdout.split("\n").filter((line) => line.startsWith("  "))) {
      // A name, a value, and a source or a reason.
      expect(line.trim().split(/ {2,}/)).toHaveLength(3);
    }
  });

  test.skipIf(!hasScript)("wraps lines between words at a narrow terminal", () => {
    const command = `stty cols 64; '${process.execPath}' '${program}' profile --detail --data '${folder}'`;
    const { stdout } = spawnSync("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
      encoding: "utf8",
    });
    const lines = stdout.split(/\r?\n/);
    expect(lines).toContain("Thermal");
    for (const line of lines) if (!line.includes(folder)) expect(line.length, line).toBeLessThanOrEqual(64);
    expect(stdout.replaceAll(/\s+/g, " ")).toContain("Cores online ");
  });

  test("marks declared facts", async () => {
    const { stdout } = await runProgram(["profile", "--detail"], "", {
      NANOAGENT_DEVICE_BOARD_MODEL: "Kiosk\u001b[31m 7",
    });
    expect(stdout).toMatch(/Model +Kiosk\S* 7 +NANOAGENT_DEVICE_BOARD_MODEL, declared/);
    expect(stdout).not.toContain("\u001b");
  });
});

describe("profile --json", () => {
  test("is a valid device with details, which a config accepts", async () => {
    const { stdout } = await runProgram(["profile", "--json"]);
    const device = EdgeDevice.parse(JSON.parse(stdout));
    expect(device.details?.cpu?.usable_cores).toHaveProperty("value");
    const config = path.join(folder, "agent.json");
    writeFileSync(config, JSON.stringify({ spec: { name: "kiosk" }, device }));
    expect((await readConfig(config)).device).toEqual(device);
  });
});

describe("profile --save", () => {
  test.each(["device.yaml", "device.json"])("writes a block that a config accepts: %s", async (name) => {
    const file = path.join(folder, name);
    expect(await runProgram(["profile", "--save", file])).toMatchObject({ exitCode: 0 });
    const config = path.join(folder, `agent${path.extname(name)}`);
    const saved = readFileSync(file, "utf8");
    const spec = name.endsWith(".json")
      ? `{"spec":{"name":"kiosk"},${saved.trim().slice(1)}`
      : `spec: {name: kiosk}\n${saved}`;
    writeFileSync(config, spec);
    expect((await readConfig(config)).device).toEqual(await new DeviceProfiler().profile());
  });

  test("does not overwrite a file, and names the path that it cannot write", async () => {
    const file = path.join(folder, "device.yaml");
    writeFileSync(file, "mine");
    const again = await runProgram(["profile", "--save", file]);
    expect(again).toMatchObject({ exitCode: 2 });
    expect(again.stderr).toContain("already exists");
    expect(readFileSync(file, "utf8")).toBe("mine");
    const nowhere = await runProgram(["profile", "--save", path.join(folder, "none", "device.yaml")]);
    expect(nowhere).toMatchObject({ exitCode: 2 });
    expect(nowhere.stderr).toContain("ENOENT");
  });
});

describe("profile --record", () => {
  test("writes a recording from which the same device is profiled", async () => {
    const target = path.join(folder, "kiosk-7");
    expect(await runProgram(["profile", "--record", target, "--data", "/"])).toMatchObject({ exitCode: 0 });
    const file = path.join(target, "machine.json");
    expect(statSync(file).size).toBeLessThan(200_000);
    const machine = new FixtureMachine(JSON.parse(readFileSync(file, "utf8")));
    expect(await new DeviceProfiler({ machine }).profile()).toEqual(await new DeviceProfiler().profile());
    expect(await runProgram(["profile", "--record", target])).toMatchObject({ exitCode: 2 });
  });
});

test.each(["--save", "--record"])("profile %s names the path that it cannot write", async (option) => {
  for (const place of ["none/below", "/proc/nanoagent"]) {
    const { exitCode, stderr } = await runProgram(["profile", option, path.resolve(folder, place)]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/Cannot write .*: (ENOENT|EACCES|EPERM)/);
  }
});

test.each([["--deep"], ["--data", "/"]])("profile %s is refused without --detail", async (...args) => {
  const { exitCode, stderr } = await runProgram(["profile", ...args]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain("has no effect without --detail");
});
